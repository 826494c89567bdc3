"""What the command says: its help, its page, its languages."""

import re
import string
import tomllib

import pytest

from restante_client.command import exits, spanish
from restante_client.command.group import HELP
from tests.client.conftest import LINE
from tests.support import command_page, command_texts
from tests.support.command import link_of, sent
from tests.support.processes import ROOT


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_every_text_has_its_spanish_with_the_same_values():
    keys = {text.partition("\n")[0]: text for text in command_texts.texts()}
    extra = {
        "Stopped.",
        "This is a bug in the command: {error} at {place}.",
    }  # said where `_` has its full name
    others = {key: text for key, text in keys.items() if "\n" not in text}

    assert set(keys) - set(spanish.TEXTS) == set()
    assert set(spanish.TEXTS) - set(keys) == extra
    assert [t for t in others if fields(t) != fields(spanish.TEXTS[t])] == []


def test_the_page_is_made_of_the_help():
    """`python -m tests.support.command_page write` makes it."""
    assert command_page.PAGE.read_text("utf-8") == command_page.made()


def test_the_help_names_every_exit_status():
    told = {int(number) for number in re.findall(r"^ {1,3}(\d{1,3})  ", HELP, re.MULTILINE)}
    used = {value for name, value in vars(exits).items() if name.isupper() and type(value) is int}

    assert told == used - {exits.BUG}
    assert set(exits.STATUS.values()) <= told


@pytest.mark.parametrize("how", [["--language", "es"], ["--language=es"], "LC_ALL", "config",
                                 "RESTANTE_CLIENT_LANGUAGE"])  # fmt: skip
def test_it_speaks_spanish_if_it_is_asked_to(shell, how):
    env = {how: "es_ES.UTF-8"} if isinstance(how, str) and how != "config" else {}
    if how == "config":
        (shell.folder / "client.toml").write_text('language = "es"\n')
    options = how if isinstance(how, list) else []
    listed = shell.run(*options, "list", **env)
    shown = shell.run(*options, "read", "--help", **env)
    wrong = shell.run(*options, "nothing", **env)

    assert "Este equipo aún no ha enviado nada." in listed.err
    assert "Abre un mensaje" in shown.out
    assert "Opciones:" in shown.out
    assert "Mostrar esta ayuda" in shown.out
    assert wrong.err.startswith("Uso: restante")
    assert "No existe la orden" in wrong.err


def test_spanish_states_verdicts_and_questions(shell):
    shell.env["LC_ALL"] = "es_ES.UTF-8"
    answer = sent(shell, "-r", "Ana")
    asked = shell.at_terminal(
        "read", answers=[("Enlace", link_of(answer)), ("¿Abrirlo ahora?", "s")]
    )
    status = shell.run("status", "last", "--events")
    recalled = shell.run("recall", "last")

    assert LINE.strip() in asked.out
    assert "abierto, sin más aperturas" in status.out
    assert "Ana  abierto (apertura 1)" in status.out
    assert "tarde: se abrió todas las veces" in recalled.out


def test_each_shell_gets_its_completion_and_ids_complete(shell):
    answer = sent(shell, "--subject", "The safe")
    scripts = [shell.run("completion", name).out for name in ("bash", "zsh", "fish")]
    env = {"_RESTANTE_COMPLETE": "bash_complete", "COMP_CWORD": "2"}
    ids = shell.run(**env, COMP_WORDS="restante status ").out

    assert all("_RESTANTE_COMPLETE" in script for script in scripts)
    assert f"plain,{answer['id'][:8]}" in ids
    assert "plain,last" in ids


def test_the_version_is_that_of_the_package(shell):
    package = tomllib.loads((ROOT / "client/pyproject.toml").read_text("utf-8"))["project"]

    assert shell.run("--version").out == f"restante, version {package['version']}\n"


def test_a_bug_shows_no_secret(shell):
    answer = sent(shell)
    path = shell.state / "sent.json"
    path.write_text(path.read_text().replace('"server"', '"sever"'))
    done = shell.run("list")

    assert done.status == 70
    assert "KeyError at sent.py" in done.err
    assert answer["control_token"] not in done.err
