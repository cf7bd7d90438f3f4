"""Fills a fakepve from a file of seeds: `sow(pve, "seed.json")`.

What fakepve keeps itself (nodes, guests, snapshots, storages and their volumes, tasks, grants) is put there, so that it
filters as Proxmox VE does. What it would only make up (`answers`) is answered as the file has it, after its own check of
privileges. Ages are written as seconds before now.
"""

import json
import re
import time

SECRET = "0c6f1f2e-1111-2222-3333-444455556666"


def at(age):
    return int(time.time()) - age


def aged(value):
    """`{"ago": 60}` anywhere in an answer is the moment a minute ago."""
    if isinstance(value, dict):
        if set(value) == {"ago"}:
            return at(value["ago"])
        return {key: aged(inner) for key, inner in value.items()}
    return [aged(inner) for inner in value] if isinstance(value, list) else value


def sow(pve, path):
    with open(path) as file:
        seed = json.load(file)
    for name, online in seed["nodes"].items():
        pve.add_node(name, online=online)
    for guest in seed["guests"]:
        add = pve.add_ct if guest.get("type") == "lxc" else pve.add_vm
        known = ("node", "status", "qmpstatus", "config", "template", "lock", "pool", "pending")
        given = {key: guest[key] for key in known if key in guest}
        made = add(guest["vmid"], guest["name"], **given)
        if "pool" in guest:
            pve.pools.setdefault(guest["pool"], set()).add(guest["vmid"])
            pve.pool_info.setdefault(guest["pool"], {"comment": "", "storage": set()})
        for name, snapshot in guest.get("snapshots", {}).items():
            made.snapshots[name] = {"description": "", **aged(snapshot)}
        made.stats.update(guest.get("stats", {}))
        if "agent" in guest:
            made.agent = guest["agent"]
    for name, storage in seed["storages"].items():
        volumes = aged(storage.get("volumes", {}))
        pve.storages[name] = {"files": set(), "active": 1, **storage, "volumes": volumes}
    for task in seed["tasks"]:
        upid(pve, **task)
    for who, grants in seed["identities"].items():
        for where, privileges in grants.items():
            pve.grant(who, where, *privileges)
        pve.apitokens[f"{who}!look"] = SECRET
    pve.apitokens["root@pam!look"] = SECRET
    answer_with(pve, aged(seed["answers"]) | weeks(seed["guests"]))


def weeks(guests):
    """Half hours of a week, all alike, since a guest's `load` began (`since`, in parts of the week)."""
    answers = {}
    for guest in guests:
        path = f"/nodes/{guest.get('node', 'pve1')}/{guest.get('type', 'qemu')}/{guest['vmid']}/rrddata"
        load = dict(guest.get("load", {}))
        since = 336 * load.pop("since", 0.0)
        answers[path] = [{"time": at((336 - n) * 1800)} | (load if n >= since else {}) for n in range(336)]
    return answers


def upid(pve, node, type, ago, lasted=None, exitstatus="OK", id="", user="root@pam"):
    """A task of the past, or one that still runs where it has not `lasted`."""
    start, pid = at(ago), next(pve._pids)
    name = f"UPID:{node}:{pid:08X}:{pid:08X}:{start:08X}:{type}:{id}:{user}:"
    task = {"upid": name, "node": node, "pid": pid, "pstart": pid, "starttime": start, "type": type, "id": str(id)}
    task |= {"user": user, "status": "running", "exitstatus": None, "log": ["seeded"]}
    if lasted is not None:
        task |= {"status": "stopped", "exitstatus": exitstatus, "endtime": start + lasted}
    pve.tasks[name] = task
    pve.tasklog.append(task)


def newest(pve, user):
    """The last tasks of each node, as every node tells the others of them."""
    seen = [
        task
        for task in pve.tasklog
        if pve.allowed(user, f"/nodes/{task['node']}", "Sys.Audit") or pve._task_owner(user, task)
    ]
    seen.sort(key=lambda task: -task["starttime"])
    of_node = {node: [task for task in seen if task["node"] == node][:25] for node in pve.nodes}
    return [pve._task_view(task, True) for tasks in of_node.values() for task in tasks]


def answer_with(pve, answers):
    plain = pve.answer

    async def answer(request, match, params, user, call=None):
        path = re.sub("^/api2/(json|extjs)", "", request.path)
        if path == "/cluster/tasks":
            return newest(pve, user)
        if request.method != "GET" or path not in answers:
            return await plain(request, match, params, user, call)
        info = match.methods["GET"]
        declared = (info.get("parameters") or {}).get("properties", {})
        pve.check_permissions(user, info.get("permissions"), {**params, **match.params}, declared)
        return answers[path]

    pve.answer = answer
