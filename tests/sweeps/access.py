"""Who may enter which endpoint, written down once more: a mark that slips is seen in a review.

A line is an endpoint, its methods, and who may: `everybody`, `signed-in`, `staff` (any site role),
or the site roles themselves; `fresh` asks again after a while. What somebody may do with one
object is told by its cases in tests/sweeps/inhabitants.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from engage.core.access import Mark
from tests.sweeps.world import ALL, SIGNED_IN, STAFF

_WRITTEN = """
accounts.again                        GET POST signed-in
accounts.ask_link                     GET POST everybody
accounts.authenticator                GET POST signed-in, fresh
accounts.close                        GET POST signed-in, fresh
accounts.confirm                      GET POST everybody
accounts.confirm_email                GET POST signed-in
accounts.confirm_guest                GET POST everybody
accounts.data                         GET      signed-in
accounts.email                        GET POST signed-in, fresh
accounts.end_session                  POST     signed-in
accounts.end_sessions                 POST     signed-in
accounts.export_data                  GET      signed-in, fresh
accounts.forgot                       GET POST everybody
accounts.left                         GET      everybody
accounts.link_provider                GET POST everybody
accounts.login                        GET POST everybody
accounts.logout                       POST     everybody
accounts.new_passkey                  GET POST signed-in, fresh
accounts.organisations                GET      signed-in
accounts.passkey_again                POST     signed-in
accounts.passkey_login                POST     everybody
accounts.password                     GET POST signed-in, fresh
accounts.profile                      GET POST signed-in
accounts.provider_back                GET      everybody
accounts.provider_start               GET      everybody
accounts.recovery_codes               GET POST signed-in, fresh
accounts.register                     GET POST everybody
accounts.remove_authenticator         GET POST signed-in, fresh
accounts.remove_passkey               GET POST signed-in, fresh
accounts.reset                        GET POST everybody
accounts.second_factor                GET POST everybody
accounts.security                     GET      signed-in
accounts.sent                         GET      everybody
accounts.sign_in_link                 GET POST everybody
accounts.start_link                   GET      signed-in, fresh
accounts.unlink_provider              POST     signed-in, fresh
admin_office.index                    GET      staff
audit_office.file                     GET      admin analyst
audit_office.index                    GET      admin analyst
comments.detail                       GET      everybody
comments.edit                         GET POST signed-in
comments.held                         GET      everybody
comments.history                      GET      everybody
comments.new                          GET POST everybody
comments.react                        GET POST signed-in
comments.react_to_subject             GET POST signed-in
comments.reply                        GET POST everybody
comments.thread                       GET      everybody
comments.withdraw                     GET POST signed-in
comments_office.answer                GET POST signed-in
comments_office.index                 GET      signed-in
consultations.answers                 GET      everybody
consultations.changes                 GET      everybody
consultations.comments_table          GET      everybody
consultations.detail                  GET      everybody
consultations.document                GET      everybody
consultations.feed                    GET      everybody
consultations.follow                  GET POST signed-in
consultations.index                   GET      everybody
consultations.outcome                 GET      everybody
consultations.paper                   GET      everybody
consultations.table                   GET      everybody
consultations.unfollow                POST     signed-in
consultations_office.archive          POST     admin organiser
consultations_office.close            GET POST admin organiser
consultations_office.copy             POST     admin organiser
consultations_office.cover            GET POST admin organiser
consultations_office.documents        GET POST admin organiser
consultations_office.edit             GET POST admin organiser
consultations_office.extend           GET POST admin organiser
consultations_office.files            GET POST admin organiser
consultations_office.hosts            GET POST admin organiser
consultations_office.index            GET      admin analyst organiser
consultations_office.move_document    POST     admin organiser
consultations_office.new              GET POST admin organiser
consultations_office.outcome          GET POST admin organiser
consultations_office.overview         GET      admin analyst organiser
consultations_office.preview          GET      admin analyst organiser
consultations_office.remove_document  POST     admin organiser
consultations_office.remove_file      POST     admin organiser
consultations_office.remove_host      POST     admin organiser
consultations_office.schedule         GET POST admin organiser
consultations_office.steps            GET POST admin organiser
consultations_office.translate        GET POST admin organiser
consultations_office.unschedule       POST     admin organiser
documents_office.changes              GET      admin analyst organiser
documents_office.discard              GET POST admin organiser
documents_office.document             GET      admin analyst organiser
documents_office.draft                GET POST admin organiser
documents_office.index                GET      admin analyst organiser
documents_office.paste                GET POST admin organiser
documents_office.publish              GET POST admin organiser
documents_office.start                POST     admin organiser
documents_office.title                GET POST admin organiser
documents_office.upload               GET POST admin organiser
documents_office.version              GET      admin analyst organiser
door.language                         GET      everybody
files.serve                           GET      everybody
health.figures                        GET      everybody
health.ready                          GET      everybody
health.security_txt                   GET      everybody
home.index                            GET      everybody
home.me                               GET      signed-in
ideas.alike                           GET      everybody
ideas.call                            GET      everybody
ideas.calls                           GET      everybody
ideas.check                           GET POST signed-in
ideas.co_authors                      GET POST signed-in
ideas.detail                          GET      everybody
ideas.discard                         GET POST signed-in
ideas.draft                           GET POST signed-in
ideas.edit                            GET POST signed-in
ideas.export                          GET      everybody
ideas.feed                            GET      everybody
ideas.files                           GET POST signed-in
ideas.history                         GET      everybody
ideas.index                           GET      everybody
ideas.invitation                      GET POST signed-in
ideas.mine                            GET      signed-in
ideas.new                             GET POST signed-in
ideas.report_pair                     GET POST signed-in
ideas.share_card                      GET      everybody
ideas.similar                         GET      everybody
ideas.support                         GET POST signed-in
ideas.supporters                      GET      everybody
ideas.take_over                       GET POST signed-in
ideas.withdraw                        GET POST signed-in
ideas_office.alike                    GET      signed-in
ideas_office.answer                   POST     signed-in
ideas_office.bulk                     POST     signed-in
ideas_office.call                     GET      signed-in
ideas_office.categories               GET POST admin organiser
ideas_office.category                 POST     signed-in
ideas_office.copy                     POST     admin organiser
ideas_office.cover                    GET POST admin organiser
ideas_office.criteria                 GET POST admin organiser
ideas_office.deeds_of                 GET      signed-in
ideas_office.dismiss                  POST     signed-in
ideas_office.duplicates               GET      signed-in
ideas_office.edit_call                GET POST admin organiser
ideas_office.history                  GET      signed-in
ideas_office.hosts                    GET POST admin organiser
ideas_office.idea                     GET      signed-in
ideas_office.ideas                    GET      signed-in
ideas_office.import_step              POST     admin organiser
ideas_office.imports                  GET POST admin organiser
ideas_office.index                    GET      signed-in
ideas_office.insight                  GET      signed-in
ideas_office.let_in                   POST     signed-in
ideas_office.mark_read                POST     signed-in
ideas_office.merge                    GET POST signed-in
ideas_office.milestone                POST     signed-in
ideas_office.milestone_step           POST     signed-in
ideas_office.move                     POST     signed-in
ideas_office.new_call                 GET POST admin organiser
ideas_office.note                     POST     signed-in
ideas_office.officers                 POST     signed-in
ideas_office.one_import               GET      admin organiser
ideas_office.owner                    POST     signed-in
ideas_office.post                     POST     signed-in
ideas_office.promote                  POST     signed-in
ideas_office.publish                  GET POST admin organiser
ideas_office.questions                GET POST admin organiser
ideas_office.refuse                   POST     signed-in
ideas_office.remove_note              POST     signed-in
ideas_office.remove_post              POST     signed-in
ideas_office.scores                   POST     signed-in
ideas_office.split                    GET POST signed-in
ideas_office.step                     POST     admin organiser
ideas_office.translate                GET POST admin organiser
ideas_office.unmerge                  GET POST signed-in
moderation.complain                   GET POST everybody
moderation.log                        GET      everybody
moderation.receipt                    GET      everybody
moderation.report                     GET POST everybody
moderation_office.case                GET POST admin moderator
moderation_office.claim               POST     admin moderator
moderation_office.complaint           GET POST admin moderator
moderation_office.complaints          GET      admin moderator
moderation_office.consider            GET      admin moderator
moderation_office.give_back           POST     admin moderator
moderation_office.index               GET      admin moderator
moderation_office.look_into           POST     admin moderator
moderation_office.send                POST     admin moderator
moderation_office.several             GET POST admin moderator
moderation_office.undo                POST     admin moderator
notifications.follow                  POST     signed-in
notifications.index                   GET      signed-in
notifications.preferences             GET POST everybody
notifications.read_all                POST     signed-in
notifications.trail                   GET      signed-in
notifications.trail_file              GET      signed-in
notifications.unsubscribe             GET      everybody
notifications.unsubscribe_at_once     POST     everybody
organisations.accept                  POST     signed-in
organisations.detail                  GET      everybody
organisations.edit                    GET POST signed-in
organisations.index                   GET      everybody
organisations.invitation              GET POST signed-in
organisations.join                    POST     signed-in
organisations.member                  GET POST signed-in
organisations.new                     GET POST signed-in
organisations.people                  GET POST signed-in
organisations.remove                  POST     signed-in
organisations.withdraw                POST     signed-in
organisations_office.decline          POST     admin, fresh
organisations_office.detail           GET      admin
organisations_office.domains          POST     admin, fresh
organisations_office.index            GET      admin
organisations_office.verify           POST     admin, fresh
outbox_office.index                   GET      admin
outbox_office.mail                    GET      admin
outbox_office.resend                  POST     admin
pages.accessibility                   GET      everybody
pages.help                            GET      everybody
pages.legal                           GET      everybody
pages.privacy                         GET      everybody
people_office.detail                  GET      admin
people_office.index                   GET      admin
people_office.reset_second_step       POST     admin, fresh
people_office.restore                 POST     admin, fresh
people_office.roles                   POST     admin, fresh
people_office.suspend                 POST     admin, fresh
preview.show                          POST     everybody
settings_office.index                 GET POST admin, fresh
style_office.sheet                    GET      staff
theme.sheet                           GET      everybody
"""


@dataclass(frozen=True)
class Entry:
    """One endpoint's line."""

    endpoint: str
    methods: tuple[str, ...]
    who: tuple[str, ...]
    is_fresh: bool

    @property
    def may(self) -> frozenset[str]:
        """The people of the sweeps' world who may enter."""
        groups = {"everybody": ALL, "signed-in": SIGNED_IN, "staff": STAFF}
        return frozenset().union(*(groups.get(word, frozenset({word})) for word in self.who))

    def __str__(self) -> str:
        fresh = ", fresh" * self.is_fresh
        return f"{self.endpoint:<37} {' '.join(self.methods):<8} {' '.join(self.who)}{fresh}"


def _read(line: str) -> Entry:
    endpoint, *rest = line.removesuffix(", fresh").split()
    methods = tuple(word for word in rest if word.isupper())
    return Entry(endpoint, methods, tuple(rest[len(methods) :]), line.endswith(", fresh"))


ACCESS = {entry.endpoint: entry for entry in map(_read, _WRITTEN.strip().splitlines())}


def marked(endpoint: str, methods: set[str], mark: Mark) -> Entry:
    """The line an endpoint's own mark asks for."""
    who: tuple[str, ...] = {"public": ("everybody",), "signed_in": ("signed-in",)}.get(
        mark.gate, ()
    )
    if mark.gate == "staff":
        # an administrator holds every site role
        who = tuple(sorted({*mark.roles, "admin"})) if mark.roles else ("staff",)
    return Entry(endpoint, tuple(sorted(methods - {"HEAD", "OPTIONS"})), who, mark.fresh)
