"""The demo set: a shop's drawn products, a film in which some of them appear, and the truth about it.

Nothing here is fetched and nothing of the rest of the project is imported: what finds the products must not have made
them.
"""
