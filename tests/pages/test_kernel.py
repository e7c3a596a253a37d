"""The shipped bytes of the kernel in WebAssembly, and the scripts that are joined from modules."""

import re

import pytest
from javascript import needs_node, node_package, run_node

from charrnn.cells.contract import find_cell
from charrnn.pages.bundle import PAGES, kernel, read_source, script_of, squeezed
from charrnn.pages.packing import PORTABLE_CELLS
from charrnn.registry import names_in

ENTRIES = ("views/page.js", "views/answering-page.js", "engine/module.js", "engine/answering.js")


def test_the_kernel_is_what_its_source_assembles_to():
    package = node_package("wabt")
    program = """
    const { createRequire } = await import("node:module");
    const wabt = await createRequire(`${inputs[0]}/`)(inputs[0])();
    print([...wabt.parseWat("product.wat", inputs[1]).toBinary({}).buffer]);
    """
    assert bytes(run_node(program, package.as_posix(), read_source("engine/product.wat"))) == kernel()


@needs_node
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_script_defines_each_name_once_and_imports_nothing(entry):
    script = script_of(entry)
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    assert not re.search(r"//(?!www\.w3\.org/)", script)  # of lines that are joined, a comment would hide the rest
    run_node("new Function(inputs[0]); print(true);", script)  # raises a SyntaxError for a name that is defined twice


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_code_of_a_page_is_small(entry):
    assert len(script_of(entry)) + len(squeezed(read_source("views/page.css"))) + len(kernel()) < 60_000


@needs_node
def test_the_engine_has_the_cells_that_it_says():
    program = "print(Object.entries(CELLS).map(([name, { state, products }]) => [name, state, products]));"
    cells = run_node(script_of("engine/cells.js") + program)
    assert sorted(name for name, *_ in cells) == sorted(PORTABLE_CELLS) == sorted(names_in("cells"))
    for name, state, products in cells:
        cell = find_cell(name)
        assert (tuple(state), products) == (cell.state, [product.gates for product in cell.products])


def test_no_page_has_an_address_of_another_one():
    for path in PAGES.rglob("*.js"):
        assert not re.search(r"https?://(?!www\.w3\.org)", path.read_text("utf-8")), path
