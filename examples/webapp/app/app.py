"""A page with notes, and a way to add one."""

import os
import sqlite3
from pathlib import Path

from flask import Flask, redirect, render_template_string, request

app = Flask(__name__)
STYLE = Path("/srv/static/style.css").read_text()
PAGE = """<!doctype html>
<title>Notes</title>
<style>{{ style }}</style>
<h1>Notes</h1>
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
<form method="post"><input name="text" aria-label="A note"><button>Add</button></form>
"""


def database() -> sqlite3.Connection:
    return sqlite3.connect(os.environ["APP_DATABASE"])


@app.get("/")
def show() -> str:
    with database() as connection:
        notes = [row[0] for row in connection.execute("SELECT text FROM notes")]
    return render_template_string(PAGE, style=STYLE, notes=notes)


@app.post("/")
def add():
    with database() as connection:
        connection.execute(
            "INSERT INTO notes (text) VALUES (?)", (request.form["text"],)
        )
    return redirect("/")
