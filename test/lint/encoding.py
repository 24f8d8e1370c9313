#!/usr/bin/env python3
"""Text is UTF-8 whatever the locale: nothing opens a file, reads,
writes or hears a program as text without saying its encoding.

    encoding.py [FILE...]     without: every Python file of this tree
"""
import ast
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FOLDERS = ("batch_scripts", "cmake", "src", "test", "tools")
ALWAYS_TEXT = {"read_text", "write_text", "fdopen", "NamedTemporaryFile",
               "TemporaryFile", "TextIOWrapper"}
PROGRAMS = {"run", "Popen", "check_output", "check_call", "call", "getoutput"}


def python_files():
    for path in sorted(p for folder in FOLDERS
                       for p in (TOP / folder).rglob("*")):
        if path.is_file() and (path.suffix == ".py" or not path.suffix
                               and path.read_bytes()[:40].startswith(b"#!")
                               and b"python" in path.read_bytes()[:40]):
            yield path


def name_of(call):
    """("Path(x)", "open") as ("", "open"), os.open as ("os", "open")."""
    if isinstance(call.func, ast.Name):
        return "", call.func.id
    if isinstance(call.func, ast.Attribute):
        of = call.func.value
        return of.id if isinstance(of, ast.Name) else "", call.func.attr
    return "", ""


def is_true(node):
    return not (isinstance(node, ast.Constant) and not node.value)


def mode_of(call, name, of):
    """The mode, where it can be read."""
    place = 1 if name in ("open", "fdopen") and of in ("", "io", "os") \
        and (isinstance(call.func, ast.Name) or of in ("io", "os")) else 0
    given = [k.value for k in call.keywords if k.arg == "mode"] \
        or call.args[place:place + 1]
    if given and isinstance(given[0], ast.Constant):
        return str(given[0].value)
    return "w+b" if name.endswith("TemporaryFile") and not given else "r"


def lacks_encoding(call):
    of, name = name_of(call)
    said = {k.arg: k.value for k in call.keywords}
    if "encoding" in said or None in said:  # **more
        return False
    if name in PROGRAMS:
        return any(k in said and is_true(said[k])
                   for k in ("text", "universal_newlines")) \
            or name == "getoutput"
    if name in ("read_text", "write_text"):  # it may stand without its name
        return len(call.args) < (1 if name == "read_text" else 2)
    if name in ALWAYS_TEXT or name == "open" and opens_file(call, of):
        return "b" not in mode_of(call, name, of)
    return False


def opens_file(call, of):
    """Whether it is Python's open(), or one that is given a mode; what others
    call open() opens something else."""
    return isinstance(call.func, ast.Name) or of == "io" or any(
        isinstance(a, ast.Constant) and isinstance(a.value, str)
        and a.value and not a.value.strip("rwxabt+") for a in call.args[:1])


def main():
    found = 0
    files = [Path(x).resolve() for x in sys.argv[1:]] or list(python_files())
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and lacks_encoding(node):
                print(f"{path}:{node.lineno}: text by the locale; expected "
                      f"encoding=\"utf-8\" in {ast.unparse(node.func)}()")
                found += 1
    print(f"{len(files)} files")
    sys.exit(1 if found or not files else 0)


if __name__ == "__main__":
    main()
