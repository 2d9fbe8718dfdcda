$env.DB_PASSWORD = 'fake-horse-battery-43'
