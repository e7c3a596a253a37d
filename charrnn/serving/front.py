"""What the address / shows to people where it is not the page of a model: the models, and what went wrong."""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from charrnn.api import Model

STYLE = ":root{color-scheme:light dark}body{font:1em/1.5 system-ui,sans-serif;max-width:42em;margin:2em auto}"


def front_page(models: Mapping[str, Model], message: str = "") -> str:
    """A page that lists the models, below a message."""
    items = "".join(
        f'<li><a href="/?model={escape(quote(name, safe=""))}">{escape(name)}</a>: {escape(model.config.title)}; '
        f"programs ask POST {address_of(model)}</li>\n"
        for name, model in models.items()
    )
    told = f'<p role="alert">{escape(message)}</p>\n' if message else ""
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>Models of charrnn</title>\n<style>{STYLE}</style>\n"
        f"<h1>Models on this server</h1>\n{told}<ul>\n{items}</ul>\n</html>\n"
    )


def address_of(model: Model) -> str:
    """The address that a model answers at."""
    return "/v1/predict" if model.config.kind.answers else "/v1/completions"
