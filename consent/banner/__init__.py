"""The banner on the company's own sites: `regimes` (what holds before anybody chose), `setup` (what a page's script is told),
`answering` (what a visitor chose), `seeing` (names of cookies that browsers reported).
"""
