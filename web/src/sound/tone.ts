// Two short tones by WebAudio: no file, and no loudspeaker of the browser is opened before it is asked for.

/** Apart enough to be told from the beeps of a bridge, and low enough for old ears. */
const TONES_HZ = [880, 660];
const EACH_S = 0.18;
const GAP_S = 0.06;
const VOLUME = 0.25;
/** A loudspeaker clicks when a tone begins or ends at once. */
const EDGE_S = 0.012;

let context: AudioContext | null = null;

/** A browser that allows it answers within this; one that does not leaves the question open. */
const ANSWER_MS = 300;

/** Opens the loudspeaker; `told` hears whether the browser lets it sound, whenever that changes. */
export function openTone(told: (allowed: boolean) => void): void {
  context ??= new AudioContext();
  const tell = (): void => told(context?.state === "running");
  context.onstatechange = tell;
  context.resume().then(tell, tell);
  window.setTimeout(tell, ANSWER_MS);
}

export function closeTone(): void {
  void context?.close();
  context = null;
}

/** False where the browser does not let it sound yet. */
export function playTone(): boolean {
  if (!context || context.state !== "running") return false;
  const loud = context.createGain();
  loud.connect(context.destination);
  TONES_HZ.forEach((tone_hz, at) => {
    const from_s = context!.currentTime + at * (EACH_S + GAP_S);
    const tone = context!.createOscillator();
    tone.frequency.value = tone_hz;
    tone.connect(loud);
    loud.gain.setValueAtTime(0, from_s);
    loud.gain.linearRampToValueAtTime(VOLUME, from_s + EDGE_S);
    loud.gain.setValueAtTime(VOLUME, from_s + EACH_S - EDGE_S);
    loud.gain.linearRampToValueAtTime(0, from_s + EACH_S);
    tone.start(from_s);
    tone.stop(from_s + EACH_S);
  });
  return true;
}
