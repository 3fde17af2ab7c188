/** A short tone when somebody new waits; off until the operator turns it on. */

const KEY = "hotline.console.chime";

export class Chime {
  #button;
  /** @type {AudioContext|null} */
  #context = null;

  /** @param {HTMLElement} button */
  constructor(button) {
    this.#button = button;
    this.#show(recall() === "on");
    button.addEventListener("click", () => {
      this.#show(!this.#isOn);
      remember(this.#isOn ? "on" : "off");
      if (this.#isOn) this.ring(false);
    });
  }

  get #isOn() {
    return this.#button.getAttribute("aria-pressed") === "true";
  }

  /** @param {boolean} urgent danger sounds twice, and higher */
  ring(urgent) {
    if (!this.#isOn) return;
    this.#context ??= new AudioContext();
    const start = this.#context.currentTime;
    for (const [index, pitch] of (urgent ? [880, 880, 1175] : [660, 880]).entries()) {
      this.#tone(this.#context, pitch, start + index * 0.18);
    }
  }

  /**
   * @param {AudioContext} context
   * @param {number} pitch in hertz
   * @param {number} at
   */
  #tone(context, pitch, at) {
    const tone = new OscillatorNode(context, { frequency: pitch, type: "sine" });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
    volume.gain.linearRampToValueAtTime(0, at + 0.16);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.18);
  }

  /** @param {boolean} on */
  #show(on) {
    this.#button.setAttribute("aria-pressed", String(on));
    this.#button.title = on ? "有人排队时响铃：已开" : "有人排队时响铃：已关";
  }
}

function recall() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string} value */
function remember(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
}
