"""A server whose support is written as a careless design would have it: the control of the bursts.

`python -m tests.faults.careless` serves like `flask serve`, in as many processes.
"""

from __future__ import annotations

import os
import time
from typing import Any

from engage.commons.accounts.models import User
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.serve import serve
from engage.programmes.ideas.models import Idea, Support
from engage.programmes.ideas.service import supporting
from wsgi import app as app


def careless(idea_id: int, *, actor: User, **_options: Any) -> Idea:
    """Look, think, then write what was true when it looked."""
    seen = db.session.query(Support).filter_by(idea_id=idea_id, user_id=actor.id).first()
    kept = db.session.get_one(Idea, idea_id).supports_count
    actor_id, kind = actor.id, actor.kind
    db.session.rollback()
    time.sleep(0.4)
    with transactional():
        idea = db.session.get_one(Idea, idea_id)
        if seen is None:
            row = Support(
                idea_id=idea_id,
                call_id=idea.call_id,
                user_id=actor_id,
                kind=kind,
                supported_at=clock.now(),
            )
            db.session.add(row)
            idea.supports_count = kept + 1
    return idea


supporting.support = careless

if __name__ == "__main__":
    serve(app, host="127.0.0.1", port=int(os.environ["PORT"]), target="tests.faults.careless:app")
