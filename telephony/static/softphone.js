/** The telephone in the browser: takes the calls that are rung for this operator. */
import { post } from "/console/static/api.js";
import { need } from "/console/static/dom.js";

const PATIENCE = 20_000; // milliseconds for the provider to answer
const STATIC = "/console/calls-static";
const SILENT = ["disconnect", "outgoing", "dtmfs", "dtmfh", ...Array.from({ length: 10 }, (_, n) => `dtmf${n}`)];
/** Nothing is fetched from outside: our own ring, and no other sound. */
export const SOUNDS = Object.fromEntries([["incoming", `${STATIC}/ring.wav`], ...SILENT.map((name) => [name, `${STATIC}/silence.wav`])]);
const WORDS = {
  off: "没有开始。点“开始接听”，允许使用麦克风。",
  starting: "正在连接……",
  ready: "可以接听，等候来电。",
  ringing: "有市民等候，请接听。",
  whisper: "正在播报摘要。接通市民，或者不接。",
  talking: "正在通话。",
  muted: "正在通话，已静音，市民听不到您。",
};

let device = null;
let call = null;

function show(state, words = WORDS[state]) {
  need("#softphone").dataset.state = state;
  need("#softphone-state").textContent = words;
  for (const button of document.querySelectorAll("[data-do]")) {
    button.hidden = button.dataset.when !== state;
  }
  document.title = `${words} · 网页话机`;
}

/** @param {"yes" | "no"} ready */
function lineForm(ready) {
  const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  return new URLSearchParams({ browser: "yes", ready, csrf_token: csrf });
}

async function tellReady(ready) {
  const answer = await fetch("/console/calls/line", { method: "POST", body: lineForm(ready), redirect: "manual" });
  if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error("没有登记成功，请刷新后再试。");
}

async function start() {
  show("starting");
  try {
    if (!window.isSecureContext) throw new Error("麦克风只能在 https 网址上使用");
    const { token } = await post("/console/api/calls/softphone");
    device = new window.Twilio.Device(token, { sounds: SOUNDS, closeProtection: true, logLevel: "error" });
    device.on("registered", () => tellReady("yes").then(() => show("ready"), fail));
    device.on("incoming", ring);
    device.on("error", fail);
    device.on("tokenWillExpire", async () => {
      try {
        device.updateToken((await post("/console/api/calls/softphone")).token);
      } catch (error) {
        fail(error);
      }
    });
    const mine = device;
    const late = setTimeout(() => device === mine && fail(new Error("电话服务没有响应，请检查网络")), PATIENCE);
    device.on("registered", () => clearTimeout(late));
    await device.register();
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  if (call) return; // a talk that goes on is not broken off by a warning
  if (device) {
    device.destroy();
    device = null;
    void tellReady("no").catch(() => {});
  }
  show("off", `没有连上：${error?.message || "请检查网络和麦克风"}。`);
}

async function stop() {
  device?.destroy();
  device = null;
  show("off");
  await tellReady("no").catch(() => {});
}

function ring(incoming) {
  call = incoming;
  const id = incoming.customParameters?.get("call") ?? "";
  const link = need("#softphone-call");
  link.hidden = !id;
  link.querySelector("a").href = `/console/calls/${encodeURIComponent(id)}`;
  incoming.on("accept", () => show("whisper"));
  for (const over of ["cancel", "disconnect", "reject"]) incoming.on(over, rest);
  show("ringing");
}

function rest() {
  call = null;
  need("#softphone-call").hidden = true;
  if (device) show("ready");
}

const deeds = {
  start,
  stop,
  accept: () => call?.accept(),
  reject: () => call?.reject(),
  connect: () => {
    call?.sendDigits("1");
    show("talking");
  },
  refuse: () => call?.sendDigits("2"),
  mute: (button) => {
    const muted = !call?.isMuted();
    call?.mute(muted);
    button.setAttribute("aria-pressed", String(muted));
    need("#softphone-state").textContent = WORDS[muted ? "muted" : "talking"];
  },
  hangUp: () => call?.disconnect(),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-do]");
  if (button) void deeds[button.dataset.do](button);
});
// the line is given up with the window, else callers would ring an empty desk
addEventListener("pagehide", () => {
  if (device) navigator.sendBeacon("/console/calls/line", lineForm("no"));
});
show("off");
