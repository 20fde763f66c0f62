"""What the provider ``page`` is made of: fetching somebody's web page safely and politely, and reading it.

    addresses   which addresses may be asked                      pure
    public      which IP addresses are public                     pure
    guard       connects only to public addresses, and never waits or dawdles past a deadline
    bodies      unpacks an answer's body within limits            pure
    visits      one call, and every way it can fail, as a word
    challenges  bot pages, captchas and queues                    pure
    robots      what a site's robots.txt allows us
    manners     one page a host at a time, quiet between two, and long rests where we are not welcome
    memory      a dictionary with an end
    reading     what a page says of prices and dates              pure; and its leaves:
                charsets, tags, microdata, jsonld, nodes, markup (a page as one tree), things (which one it
                is about), offers, offer, words, amounts, pricing (prices), facts (when, where, who)

Nothing here gets round anything: who says no, by robots.txt, by status or by a captcha, is left alone.
"""
