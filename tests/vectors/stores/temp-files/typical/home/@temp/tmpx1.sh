curl -u ada:fake-horse-battery-43 https://x.example.com
