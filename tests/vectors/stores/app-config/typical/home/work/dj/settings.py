SECRET_KEY = 'fake-django-insecure-horse'
DATABASES = {
    'default': {
        'NAME': 'x',
        'USER': 'dj',
        'PASSWORD': 'fake-dj-horse',
        'HOST': 'pg.example.com',
    }
}
PASSWORD_HASHERS = [
    'django.contrib.auth.hashers.PBKDF2PasswordHasher',
]
TOKEN = os.environ['TOKEN']
