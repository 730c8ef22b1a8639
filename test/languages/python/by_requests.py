"""A reader by hand, with requests and the retries of urllib3."""

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from seen import KEY, PATIENCE, body

STATUSES = [408, 409, 429, 500, 502, 503, 504]

RETRIES = Retry(
    total=2, backoff_factor=0.5, status_forcelist=STATUSES, allowed_methods=None, raise_on_status=False
)


def ask(task, seen):
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=RETRIES))
        answer = session.post(
            f"{task['baseURL']}/chat/completions",
            json=body(task),
            headers={"authorization": f"Bearer {KEY}"},
            stream=task["stream"],
            timeout=PATIENCE,
        )
        if answer.status_code >= 400:
            raise requests.HTTPError(answer.text, response=answer)
        if task["stream"]:
            seen.events(line.decode() for line in answer.iter_lines())
        else:
            seen.add(answer.json())
