from adapters.ours import Ours


class Untraced(Ours):
    """What the trace of messages costs: ours, without it."""
    name = 'untraced'
    smtp = ('127.0.0.1', 2523)
    pop3 = ('127.0.0.1', 2524)
    traced = False


ADAPTER = Untraced
