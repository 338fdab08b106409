// The one dialog of triage: what must be said with an act. What was typed stays until it is done.
import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { outside, utcMinute, vesselName } from "../format/format.ts";
import { detectorTitle, PRIORITY_WORD } from "../format/words.ts";
import { Field } from "../field.tsx";
import { say, sayCount } from "../lang/lang.ts";
import { alerts, now_ms, officer, status } from "../state/state.ts";
import type { Verb } from "../wire/types.ts";
import { act, busy, dialog, type DialogKind, refusedWith, type Said, takeWatch } from "./triage.ts";
import { REASONS, reasonWord } from "./words.ts";

const SNOOZES_MIN = [15, 30, 60, 120, 240, 480];
const SEND_TO = ["Coast guard", "MRCC", "Cable operator", "Navy", "Border guard"];

const title = (kind: DialogKind): string => {
  switch (kind) {
    case "watch": return say("Take the watch");
    case "dismiss": return say("Dismiss");
    case "escalate": return say("Escalate");
    case "snooze": return say("Snooze");
    case "comment": return say("Comment");
    case "group": return say("Group into an incident");
  }
};

/** "22:00" of the day shown, or of the next one when that has passed; null for anything else. */
export function timeAhead(text: string, from_ms: number): number | null {
  const found = /^([01]?\d|2[0-3]):?([0-5]\d)Z?$/.exec(text.trim());
  if (!found) return null;
  const day = new Date(from_ms);
  const at = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), Number(found[1]), Number(found[2]));
  return at > from_ms ? at : at + 86_400_000;
}

function Reasons() {
  return (
    <fieldset class="field reasons">
      <legend>{say("Why")}</legend>
      {REASONS.map((reason, at) => (
        <label key={reason}>
          <input type="radio" name="reason" value={reason} required autofocus={at === 0} />
          <kbd>{at + 1}</kbd> {reasonWord(reason)}
        </label>
      ))}
    </fieldset>
  );
}

function Snoozes() {
  return (
    <fieldset class="field reasons">
      <legend>{say("For how long")}</legend>
      {SNOOZES_MIN.map((minutes, at) => (
        <label key={minutes}>
          <input type="radio" name="minutes" value={minutes} defaultChecked={at === 1} autofocus={at === 1} />
          <kbd>{at + 1}</kbd> {minutes < 60 ? `${minutes} min` : `${minutes / 60} h`}
          <small class="dim mono">{now_ms.value === null ? "" : ` ${say("until")} ${utcMinute(now_ms.value + minutes * 60_000)}`}</small>
        </label>
      ))}
    </fieldset>
  );
}

function Comment({ required, focus }: { required: boolean; focus: boolean }) {
  return (
    <Field label={required ? say("Comment") : say("Comment, if any")}>
      <textarea name="comment" rows={3} maxLength={2000} required={required} autofocus={focus} />
    </Field>
  );
}

function Body({ kind }: { kind: DialogKind }) {
  switch (kind) {
    case "watch":
      return (
        <>
          <p class="dim">{say("Everything you do is written into the log under this name.")}</p>
          {status.value?.user ? <p><bdi class="who">{outside(officer.value)}</bdi><input type="hidden" name="officer" value={officer.value} /></p> : (
            <Field label={say("Name or initials")}>
              <input type="text" name="officer" required maxLength={40} defaultValue={officer.value} autofocus autocomplete="off" spellcheck={false} />
            </Field>
          )}
          <Field label={say("Until, UTC, if you know")} hint={say("Hours and minutes, like 22:00")}>
            <input type="text" name="until" placeholder="22:00" autocomplete="off" />
          </Field>
        </>
      );
    case "dismiss":
      return <><Reasons /><Comment required={false} focus={false} /></>;
    case "escalate":
      return (
        <>
          <Field label={say("To whom")}>
            <input type="text" name="to" required maxLength={120} list="escalate-to" autofocus autocomplete="off" />
            <datalist id="escalate-to">{SEND_TO.map((name) => <option key={name} value={say(name)} />)}</datalist>
          </Field>
          <Field label={say("Reference: call, log number, if any")}><input type="text" name="ref" maxLength={120} autocomplete="off" /></Field>
          <Comment required={false} focus={false} />
        </>
      );
    case "snooze":
      return <><p class="dim">{say("Set aside, not acknowledged: it comes back at that time, or sooner if it gets worse.")}</p><Snoozes /><Comment required={false} focus={false} /></>;
    case "comment":
      return <Comment required focus />;
    case "group":
      return (
        <>
          <p class="dim">{say("What is done with one of them is done with all. It can be ungrouped.")}</p>
          <Field label={say("Title, if any")}><input type="text" name="title" maxLength={120} autofocus autocomplete="off" /></Field>
          <Comment required={false} focus={false} />
        </>
      );
  }
}

/** What was typed, for the command; null with a complaint where it cannot be sent. */
function said(kind: DialogKind, form: FormData): Said {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const filled: Said = {};
  for (const name of ["comment", "reason", "to", "ref", "title"] as const) {
    if (text(name)) filled[name] = text(name);
  }
  if (kind === "snooze") filled.until_ms = Math.round(now_ms.value ?? 0) + Number(text("minutes")) * 60_000;
  return filled;
}

function Subjects({ ids }: { ids: readonly string[] }) {
  const list = ids.flatMap((id) => alerts.value.get(id) ?? []);
  if (list.length === 0) return null;
  return (
    <ul class="dialog-subjects">
      {list.slice(0, 4).map((alert) => (
        <li key={alert.id}>
          <b>{say(PRIORITY_WORD[alert.priority])}</b> {detectorTitle(alert.detector)} · <bdi class="who">{vesselName(alert.subject.name)}</bdi>
        </li>
      ))}
      {list.length > 4 ? <li class="dim">{sayCount(list.length - 4, "and one more", "and {n} more")}</li> : null}
    </ul>
  );
}

function Refused() {
  const refused = refusedWith.value;
  if (!refused) return null;
  return (
    <p class="dialog-refused" role="alert">
      <b>{outside(refused.what)}</b> {outside(refused.hint)}
      {refused.conflict ? ` ${say("Nothing was done; what you typed is kept. Send it again to do it all the same.")}` : ""}
    </p>
  );
}

export function TriageDialog() {
  const box = useRef<HTMLDialogElement>(null);
  const [complaint, complain] = useState("");
  const open = dialog.value;
  // After the form is there, and before anything else is typed.
  useLayoutEffect(() => {
    if (!open) return box.current?.close();
    complain("");
    if (!box.current?.open) box.current?.showModal();
    box.current?.querySelector<HTMLElement>("[autofocus]")?.focus();
  }, [open?.kind, open?.seen[0]?.id]);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!open) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    complain("");
    if (open.kind === "watch") {
      const until = String(form.get("until") ?? "").trim();
      const until_ms = until ? timeAhead(until, now_ms.value ?? Date.now()) : null;
      if (until && until_ms === null) return complain(say("That is no time: write it like 22:00."));
      if (!(await takeWatch(String(form.get("officer") ?? ""), until_ms))) return;
      refusedWith.value = null;
      dialog.value = null;
      return open.then?.();
    }
    if (await act(open.kind as Verb, open.seen, said(open.kind, form))) {
      dialog.value = null;
      open.then?.();
    }
  };

  /** Digits choose, as they stand beside the choices; not while something is typed. */
  const onKey = (event: TargetedKeyboardEvent<HTMLFormElement>): void => {
    const at = event.target as HTMLElement;
    const typing = at.matches("textarea, input[type=text]");
    if (event.key === "Enter" && (event.ctrlKey || (at.matches("input") && !typing))) {
      event.preventDefault();
      event.currentTarget.requestSubmit();
    }
    if (typing || !/^[1-9]$/.test(event.key)) return;
    const choices = event.currentTarget.querySelectorAll<HTMLInputElement>("input[type=radio]");
    const choice = choices[Number(event.key) - 1];
    if (!choice) return;
    event.preventDefault();
    choice.checked = true;
    choice.focus();
  };

  return (
    <dialog
      ref={box}
      class="dialog"
      aria-labelledby="dialog-title"
      onClose={() => { dialog.value = null; refusedWith.value = null; }}
    >
      {open ? (
        <form key={`${open.kind} ${open.seen.map(({ id }) => id).join()}`} onSubmit={submit} onKeyDown={onKey}>
          <h2 id="dialog-title">{title(open.kind)}</h2>
          {open.kind === "watch" ? null : <Subjects ids={open.seen.map(({ id }) => id)} />}
          <Body kind={open.kind} />
          <Refused />
          {complaint ? <p class="dialog-refused" role="alert">{complaint}</p> : null}
          <div class="dialog-acts">
            <button type="button" class="small-button" onClick={() => { dialog.value = null; }}>{say("Cancel")} <kbd>Esc</kbd></button>
            <button type="submit" class="small-button main" disabled={busy.value}>{title(open.kind)} <kbd>⏎</kbd></button>
          </div>
        </form>
      ) : null}
    </dialog>
  );
}
