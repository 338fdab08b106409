"""OGC API Features: what the standard asks for, and that who asks gets what is theirs alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from starlette.testclient import TestClient

from sargas.model.assets import Asset, AssetSet
from sargas.model.time import iso
from sargas.model.triage import RELEASE_TO, WITHDRAW
from sargas.reference import shipped_assets
from sargas.store import AuditLog, Home, Ledger, ShardWriter
from sargas.store.access import Access
from sargas.store.audit import Seen
from sargas.store.users import By
from sargas.web.api import make_app
from sargas.web.desk import Desk
from sargas.web.ogc import CONFORMS
from sargas.web.picture import Picture
from sargas.web.player import Player, Span
from tests.share.conftest import T0_MS, alert, fixes

from .guarded import BY, WORDS, of_group

SCHEMAS = json.loads(
    (Path(__file__).parents[1] / "share" / "schemas" / "ogc-features.json").read_text()
)
END = T0_MS + 7_200_000
EAST, WEST = (alert(id=f"{n}" * 24, lon=lon, lat=10.0) for n, lon in ((1, 179.5), (2, -179.5)))
NOWHERE = alert(id="3" * 24, lon=float("nan"), lat=float("nan"))
DRILL = alert(id="4" * 24, exercise="eagle-s")
ALERTS = [alert(), EAST, WEST, NOWHERE, DRILL]
OWN = shipped_assets().assets[0]
SECRET = Asset("own-1", "A SECRET CABLE", "power_cable", OWN.geometry, 5.0, source="own")


def valid(part: str, value: Any) -> None:
    schema = {"$ref": f"#/$defs/{part}", "$defs": SCHEMAS["$defs"]}
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(value)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with ShardWriter(home) as writer:
        writer.append(fixes())
    with Ledger(home) as ledger:
        ledger.commit("s", 1, b"", ALERTS)
    return home


def act(home: Home, verb: str, *ids: str, group: str = "public") -> None:
    with AuditLog(home) as log:
        log.act(verb, "V.P.", [Seen(i) for i in ids], t_ms=END, at_ms=END, said={"group": group})


@pytest.fixture
def make(home: Home) -> Iterator[Any]:
    """The service in this process, asked from an address."""
    desk, span = Desk(Ledger(home), AuditLog(home)), Span(T0_MS, END, END)
    about = {"version": "0", "mode": "serve", "exercise": None, "attribution": []}
    player = Player(Picture(home), desk, lambda: span, list, about, playing=False, t_ms=T0_MS)
    assets = AssetSet([*shipped_assets().assets, SECRET])
    app = make_app(player, desk, assets, [], ["testserver", "127.0.0.1"])
    with TestClient(app):

        def at(address: str = "127.0.0.1") -> TestClient:
            return TestClient(app, client=(address, 50_000), raise_server_exceptions=False)

        yield at


@pytest.fixture
def here(make: Any) -> TestClient:
    return make()


def get(client: TestClient, path: str, **asked: Any) -> Any:
    answer = client.get(f"/ogc{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(client: TestClient, name: str = "alerts", **asked: Any) -> list[str]:
    found = get(client, f"/collections/{name}/items", **{"group": "national", **asked})
    valid("features", found)
    assert found["numberReturned"] == len(found["features"])
    return [feature["id"] for feature in found["features"]]


# ---- the standard --------------------------------------------------------------------------------
def test_the_landing_page_leads_to_everything(here: TestClient) -> None:
    page = get(here, "")
    valid("landing", page)
    links = {link["rel"]: link for link in page["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= links.keys()
    for link in links.values():
        answer = here.get(link["href"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(link["type"].split(";")[0])
    valid("conformance", here.get(links["conformance"]["href"]).json())
    valid("collections", here.get(links["data"]["href"]).json())


def test_only_what_is_met_is_claimed(here: TestClient) -> None:
    said = get(here, "/conformance")["conformsTo"]
    assert said == list(CONFORMS)
    assert {word.rpartition("/")[2] for word in said} == {"core", "geojson"}


def test_the_definition_names_every_path_and_parameter(here: TestClient) -> None:
    api = get(here, "/api")
    assert api["openapi"].startswith("3.0")
    for path, kinds in api["paths"].items():
        real = path.replace("{item}", alert().id)
        asked = {"group": "national"} if "group" in json.dumps(kinds) else {}
        if "{item}" in path and "alerts" not in path:
            continue
        assert here.get(real, params=asked).status_code == 200, path
    page = api["paths"]["/ogc/collections/alerts/items"]["get"]["parameters"]
    assert {p["name"] for p in page} == {"bbox", "datetime", "limit", "offset", "group"}


def test_collections_lead_to_their_items(here: TestClient) -> None:
    listed = get(here, "/collections", group="national")["collections"]
    assert [one["id"] for one in listed] == ["alerts", "tracks", "assets"]
    for one in listed:
        own = get(here, f"/collections/{one['id']}", group="national")
        assert own == one
        valid("collection", own)
        (link,) = [link for link in one["links"] if link["rel"] == "items"]
        found = here.get(link["href"])
        assert found.headers["content-type"] == "application/geo+json"
        assert found.json()["numberMatched"] > 0, "the link goes on for the group that asked"
    assert here.get("/ogc/collections/nonsense").status_code == 404
    assert here.get("/ogc/collections/nonsense/items").status_code == 404


def test_one_feature_alone_is_the_one_of_the_page(here: TestClient) -> None:
    (page,) = [
        f for f in get(here, "/collections/alerts/items", group="national")["features"]
        if f["id"] == alert().id
    ]  # fmt: skip
    one = get(here, f"/collections/alerts/items/{alert().id}", group="national")
    valid("feature", one)
    links = {link["rel"]: link["href"] for link in one.pop("links")}
    assert one == page
    assert here.get(links["self"]).json()["id"] == alert().id
    assert here.get("/ogc/collections/alerts/items/0000").status_code == 404


def test_boxes_and_the_antimeridian(here: TestClient) -> None:
    assert set(items(here)) == {a.id for a in ALERTS}
    assert set(items(here, bbox="25,59,26,60")) == {alert().id, DRILL.id}
    assert set(items(here, bbox="25.6,59.9,25.6,59.9")) == {alert().id, DRILL.id}
    assert set(items(here, bbox="179,0,-179,20")) == {EAST.id, WEST.id}
    assert set(items(here, bbox="179,0,180,20")) == {EAST.id}
    assert set(items(here, bbox="25,59,-100,26,60,100")) == {alert().id, DRILL.id}
    assert items(here, bbox="0,0,1,1") == []
    assert len(items(here, bbox="-180,-90,180,90")) == 4, "what has no place is in no box"


def test_times_and_open_ends(here: TestClient) -> None:
    everything = {a.id for a in ALERTS}
    start, known = iso(T0_MS), iso(T0_MS + 900_000)
    before, after = iso(T0_MS - 1000), iso(T0_MS + 901_000)
    for asked in (start, known, f"{start}/{known}", f"../{start}", f"/{start}", f"{known}/..",
                  f"{known}/", f"{before}/{after}", "2024-12-25T12:20:00+02:00"):  # fmt: skip
        assert set(items(here, datetime=asked)) == everything, asked
    for asked in (before, after, f"../{before}", f"{after}/..", f"{after}/{iso(END)}"):
        assert items(here, datetime=asked) == [], asked


def test_pages_give_everything_once(here: TestClient) -> None:
    seen: list[str] = []
    url = "/ogc/collections/alerts/items?limit=2&group=national"
    for k in range(3):
        page = here.get(url).json()
        assert (page["numberMatched"], page["numberReturned"]) == (5, 2 if k < 2 else 1)
        seen += [f["id"] for f in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
        assert ("next" in links) == (k < 2)
        assert ("prev" in links) == (k > 0)
        url = links.get("next", "")
        if url:
            asked = dict(parse_qsl(urlsplit(url).query))
            assert (asked["group"], asked["limit"]) == ("national", "2")
    assert sorted(seen) == sorted(a.id for a in ALERTS)
    assert len(items(here, limit="1000000")) == 5, "more than the most gives the most"
    assert items(here, offset="5") == []


@pytest.mark.parametrize(
    "asked",
    ["limit=0", "limit=-1", "limit=x", "limit=1.5", "offset=-1", "bbox=1,2,3", "bbox=a,b,c,d",
     "bbox=0,60,1,59", "bbox=0,0,181,1", "bbox=nan,0,1,1", "bbox=inf,0,1,1", "bbox=",
     "datetime=yesterday", "datetime=..", "datetime=../..", "datetime=2024-12-25T10:00:00",
     "datetime=2025-01-01T00:00:00Z/2024-01-01T00:00:00Z", "datetime=a/b/c", "datetime=",
     "nonsense=1", "limit=1&limit=2", "limit=٣",
     "bbox=" + "9" * 400],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(here: TestClient, asked: str) -> None:
    answer = here.get(f"/ogc/collections/alerts/items?{asked}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]
    assert "Traceback" not in answer.text


def test_unknown_parameters_are_refused_everywhere(here: TestClient) -> None:
    for path in ("", "/api", "/conformance", "/collections", "/collections/alerts",
                 f"/collections/alerts/items/{alert().id}"):  # fmt: skip
        assert here.get(f"/ogc{path}?nonsense=1").status_code == 400, path


# ---- who gets what -------------------------------------------------------------------------------
def test_the_public_gets_nothing_until_it_is_released(here: TestClient, home: Home) -> None:
    for name in ("alerts", "tracks"):
        found = get(here, f"/collections/{name}/items")
        assert (found["numberMatched"], found["features"]) == (0, [])
    act(home, RELEASE_TO, alert().id)
    (one,) = get(here, "/collections/alerts/items")["features"]
    assert alert().id not in json.dumps(one), "an id is a hash of the vessel"
    assert get(here, f"/collections/alerts/items/{one['id']}")["geometry"] == one["geometry"]
    assert here.get(f"/ogc/collections/alerts/items/{alert().id}").status_code == 404
    assert "A SHIP" not in json.dumps(one)
    assert "kp_km" not in one["properties"]["asset"]
    assert one["properties"]["release"]["group"] == "public"
    assert get(here, "/collections/tracks/items")["features"] == [], "the public gets no tracks"
    act(home, WITHDRAW, alert().id)
    assert get(here, "/collections/alerts/items")["numberMatched"] == 0


def test_what_was_not_released_and_what_never_was_answer_alike(here: TestClient) -> None:
    there = here.get(f"/ogc/collections/alerts/items/{alert().id}")
    never = here.get(f"/ogc/collections/alerts/items/{'9' * 24}")
    assert (there.status_code, there.content) == (never.status_code, never.content)
    assert there.status_code == 404


def test_a_group_is_named_from_this_machine_alone(make: Any, home: Home) -> None:
    act(home, RELEASE_TO, alert().id, group="nato")
    path = "/ogc/collections/alerts/items?group=nato"
    assert make("127.0.0.1").get(path).json()["numberMatched"] == 1
    assert make("::1").get(path).json()["numberMatched"] == 1
    for strange in ("10.0.0.5", "192.0.2.1", "2001:db8::1", "testclient"):
        refused = make(strange).get(path)
        assert refused.status_code == 403
        assert alert().id not in refused.text
        assert make(strange).get("/ogc/collections/alerts/items").json()["numberMatched"] == 0
    for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"):
        behind = make("127.0.0.1").get(path, headers={name: "for=10.0.0.5"})
        assert behind.status_code == 403, "who comes through a proxy is not on this machine"
    assert make("127.0.0.1").get(path.replace("nato", "natoo")).status_code == 404


def test_tracks_are_of_released_alerts(here: TestClient, home: Home) -> None:
    act(home, RELEASE_TO, DRILL.id, group="nato")
    found = get(here, "/collections/tracks/items", group="nato")
    valid("features", found)
    (track,) = found["features"]
    assert track["id"] == f"{DRILL.id}-track"
    assert track["geometry"]["type"] == "MultiLineString"
    assert track["properties"]["title"].startswith("EXERCISE eagle-s")
    assert track["properties"]["fixes"] == 16
    near = f"{track['geometry']['coordinates'][0][0][0]},59,26,60"
    assert items(here, "tracks", group="nato", bbox=near) == [track["id"]]
    assert items(here, "tracks", group="nato", bbox="0,0,1,1") == []
    one = get(here, f"/collections/tracks/items/{track['id']}", group="nato")
    assert one["geometry"] == track["geometry"]


def test_own_assets_stay_at_home(here: TestClient) -> None:
    public = get(here, "/collections/assets/items", limit=1000)
    valid("features", public)
    assert public["numberMatched"] == len(shipped_assets())
    assert "A SECRET CABLE" not in json.dumps(public)
    assert (
        get(here, "/collections/assets/items", group="national", limit=1000)["numberMatched"]
        == len(shipped_assets()) + 1
    )
    assert here.get("/ogc/collections/assets/items/own-1").status_code == 404
    near = get(here, "/collections/assets/items", bbox="24,59,26,60", limit=1000)
    assert 0 < near["numberMatched"] < public["numberMatched"]
    for feature in near["features"]:
        assert feature["properties"]["attribution"]
        assert feature["properties"]["accuracy_m"] > 0


def test_exercises_say_so(here: TestClient, home: Home) -> None:
    act(home, RELEASE_TO, DRILL.id)
    (one,) = get(here, "/collections/alerts/items")["features"]
    assert one["properties"]["exercise"] == "eagle-s"
    assert one["properties"]["title"].startswith("EXERCISE eagle-s")
    assert "none of this is real" in one["properties"]["caveat"]


def test_a_policy_that_cannot_be_read_gives_nothing(here: TestClient, home: Home) -> None:
    act(home, RELEASE_TO, alert().id)
    (home.path / "release.toml").write_text("[[[")
    for name in ("alerts", "tracks", "assets"):
        answer = here.get(f"/ogc/collections/{name}/items")
        assert answer.status_code == 500
        assert alert().id not in answer.text


# ---- a token of a group --------------------------------------------------------------------------
@pytest.fixture
def elsewhere(make: Any, home: Home) -> TestClient:
    """The service with users, asked from another machine."""
    with Access(home) as access:
        access.add("Vita", WORDS, "admin", BY)
    return make("192.0.2.1")


def test_a_token_of_a_group_gets_what_the_group_gets_and_no_more(
    elsewhere: TestClient, home: Home
) -> None:
    act(home, RELEASE_TO, alert().id, group="nato")
    act(home, RELEASE_TO, EAST.id, group="eu")
    act(home, RELEASE_TO, DRILL.id, group="public")
    nato = of_group(home, "nato", "Vita")
    path = "/ogc/collections/alerts/items"
    assert elsewhere.get(path).status_code == 401
    with Access(home) as access:
        by = By("root", END, time.time_ns() // 1_000_000)
        _, secret = access.add_token("Vita", "all", "viewer", by)
    whole = {"authorization": f"Bearer {secret}"}
    seen = elsewhere.get(f"{path}/{alert().id}?group=national", headers=whole).json()
    assert "triage" in seen["properties"]
    for asked in ("", "?group=nato"):
        answer = elsewhere.get(path + asked, headers=nato)
        (one,) = answer.json()["features"]
        assert one["id"] == alert().id
        assert one["properties"]["release"]["group"] == "nato"
        assert "triage" not in one["properties"], "the group's redaction holds"
        assert "triage" in one["properties"]["release"]["redacted"]
        assert not any(i in answer.text for i in (EAST.id, DRILL.id))
    (track,) = elsewhere.get("/ogc/collections/tracks/items", headers=nato).json()["features"]
    assert track["id"] == f"{alert().id}-track"
    assert elsewhere.get(f"{path}/{EAST.id}", headers=nato).status_code == 404
    assets = elsewhere.get("/ogc/collections/assets/items?limit=1000", headers=nato)
    assert "A SECRET CABLE" not in assets.text
    assert assets.json()["numberMatched"] == len(shipped_assets())
    act(home, WITHDRAW, alert().id, group="nato")
    assert elsewhere.get(path, headers=nato).json()["numberMatched"] == 0


def test_a_token_of_a_group_names_no_other(elsewhere: TestClient, home: Home) -> None:
    act(home, RELEASE_TO, alert().id, group="eu")
    nato = of_group(home, "nato", "Vita")
    items = "/collections/alerts/items"
    for below in ("", "/api", "/conformance", "/collections", "/collections/alerts", items,
                  f"{items}/{alert().id}"):  # fmt: skip
        for other in ("eu", "national", "public", "nothing", "NATO", ""):
            answer = elsewhere.get(f"/ogc{below}?group={other}", headers=nato)
            assert answer.status_code == 403, (below, other)
            assert "nato" in answer.json()["error"]
            assert alert().id not in answer.text


def test_a_group_that_is_no_more_gives_nothing(elsewhere: TestClient, home: Home) -> None:
    act(home, RELEASE_TO, alert().id, group="nato")
    nato = of_group(home, "nato", "Vita")
    (home.path / "release.toml").write_text('[groups.hidden]\nlabel = "H"\nsees = [{}]\n')
    for name in ("alerts", "tracks", "assets"):
        for path in (f"/ogc/collections/{name}/items", f"/ogc/collections/{name}/items/x"):
            answer = elsewhere.get(path, headers=nato)
            assert answer.status_code == 403
            assert "hidden" not in answer.text


def test_a_token_of_a_group_ends_with_its_user(elsewhere: TestClient, home: Home) -> None:
    with Access(home) as access:
        access.add("Jonas", WORDS, "viewer", BY)
    nato = of_group(home, "nato", "Jonas")
    with Access(home) as access:
        access.set_disabled("Jonas", BY, is_disabled=True)
    assert elsewhere.get("/ogc", headers=nato).status_code == 401
