"""The smallest API."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def answer():
    return {"ok": True}
