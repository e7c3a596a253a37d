"""An HTTP server for models, in the form of OpenAI's completions API.

    guard         who may ask: hosts, origins, the key
    bodies        what may be asked: the fields of a request and their limits
    answering     what is answered, as JSON
    refusals      what is said instead
    guarded       both, around every address
    front         the list of the models, for people
    application   the addresses, and who draws when
    server        the socket, and the end

Needs the extra ``serve`` (Starlette, Uvicorn).
"""
