"""The web application for any WSGI server: `gunicorn -c config/gunicorn.py wsgi:app`."""

from bridge.web import assemble

app = assemble()
