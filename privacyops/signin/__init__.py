"""How colleagues sign in: password and second factor (app codes, passkeys, recovery codes), or the company's own sign-in.

`rules` says who still needs a second factor (pure), `adapters` what the sign-in library asks of us, `gate` keeps everybody else
off the desk, `urls` lists the few pages of the library that we serve.
"""
