"""For how long what is known of the gateway's models is good."""

from attrs import frozen


@frozen(kw_only=True)
class Freshness:
    """
    For how long what is known of the gateway's models is good, in seconds.

    Attributes:
        refresh_s: They are asked for anew in the background when this old.
            Models change with the gateway's configuration, a few times a day.
        recent_s: So old they may be where a person waits for a new model to
            appear: in ``/api/tags``, and before a model is said not to exist.
        patience_s: How long a request waits for newer ones if it can do with
            older ones or none.  Home Assistant waits 5 for the whole list.
        deadline_s: How long the gateway may take to tell, all of it.
        retry_s: How long a gateway that did not tell is left alone.
        kept_s: So old they may become while the gateway does not tell; beyond
            that it is an error.  A day: an IDE that is shown no models forgets
            which one its user has chosen.
    """

    refresh_s: float = 300.0
    recent_s: float = 5.0
    patience_s: float = 3.0
    deadline_s: float = 15.0
    retry_s: float = 5.0
    kept_s: float = 86_400.0
