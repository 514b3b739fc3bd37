"""SIGHUP: everything that is in files is read anew, and all of it counts or nothing does."""

from collections.abc import Callable, Iterable, Sequence

from twisted.logger import Logger

from ollamaproxy.assembly import Assemble, Assembly
from ollamaproxy.callers.key_lines import KeyRing
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.server.site import ProxySite
from ollamaproxy.server.tls import ServerCertificate
from ollamaproxy.settings import Settings


class Reloading:
    """
    Knows what holds now, and puts what is read anew in its place.

    Attributes:
        assembly: The parts that answer now.
    """

    _log = Logger()

    def __init__(
        self,
        configuration: Configuration,
        assembly: Assembly,
        *,
        read: Callable[[], Configuration],
        assemble: Assemble,
        site: ProxySite,
        certificate: ServerCertificate | None,
        warnings: Callable[[Settings, KeyRing | None], Sequence[str]],
        followers: Sequence[Callable[[Settings], None]] = (),
    ) -> None:
        """
        Prepare.

        Args:
            configuration: What holds now.
            assembly: What was made of it.
            read: Reads it anew; raises InvalidSetting.
            assemble: Puts the parts together; raises InvalidSetting.
            site: Answers with them.
            certificate: The daemon's own; ``None`` is no TLS.
            warnings: Says what the operator should think about.
            followers: Get the new settings, once they hold.
        """
        self._followers = followers
        self._started_with = self._configuration = configuration
        self.assembly = assembly
        self._read = read
        self._assemble = assemble
        self._site = site
        self._certificate = certificate
        self._warnings = warnings

    def reload(self) -> None:
        """
        Read all anew; if any of it is bad, say so and change nothing.

        Requests that are being answered go on with what they began with, also
        with a key that is gone.
        """
        try:
            configuration = self._read()
            with self._started_with.naming_origins():  # for its path needs a restart
                context = None if self._certificate is None else self._certificate.reread()
            with configuration.naming_origins():
                # Last, for it takes over what was there.
                assembly = self._assemble(configuration.settings, self.assembly)
        except InvalidSetting as error:
            for mistake in error.mistakes:
                self._log.warn("nothing is changed: {reason}", reason=str(mistake))
            return
        if self._certificate is not None and context is not None:
            self._certificate.use(context)
        before, self.assembly = self.assembly, assembly
        self._site.use(assembly.root, assembly.settings)
        for follow in self._followers:
            follow(assembly.settings)
        before.stop()
        assembly.start()
        self._tell(configuration)
        self._configuration = configuration

    def _tell(self, configuration: Configuration) -> None:
        changed = list(_changed(self._configuration, configuration))
        keys = self.assembly.keys
        self._log.info(
            "settings read anew; {changed}{keys}{certificate}",
            changed=f"changed: {', '.join(changed)}" if changed else "none has changed",
            keys="" if keys is None else f"; {len(keys.entries)} keys in the keys file",
            certificate="" if self._certificate is None else "; the certificate read anew, too",
        )
        needs_restart = {setting.name for setting in SETTINGS if setting.needs_restart}
        doubts = [
            f"for the new value of {name} a restart is needed"
            for name in _changed(self._started_with, configuration)
            if name in needs_restart
        ]
        doubts += [*configuration.warnings, *self._warnings(configuration.settings, keys)]
        for doubt in doubts:
            # Not "warning": an event with that key is one of Python's warnings to Twisted.
            self._log.warn("{doubt}", doubt=doubt)


def _changed(before: Configuration, after: Configuration) -> Iterable[str]:
    """Return the names of the settings that have other texts now."""
    for setting in SETTINGS:
        old, new = before.given.get(setting.name), after.given.get(setting.name)
        # What is in a file counts, and not its path.
        if not setting.holds and (old and old.texts) != (new and new.texts):
            yield setting.name
