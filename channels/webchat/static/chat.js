/** `<hotline-chat>`: the residents' chat, put together from a conversation and its views. */
import { ChatApi } from "./api.js";
import { Conversation } from "./conversation.js";
import { bannerFor, presenceFor } from "./status.js";
import { BrowserStore } from "./store.js";
import { Banner } from "./view/banner.js";
import { Composer } from "./view/composer.js";
import { ask, showPicture } from "./view/dialogs.js";
import { el } from "./dom.js";
import { Header } from "./view/header.js";
import { openLocationSheet } from "./view/location_sheet.js";
import { MessageLog } from "./view/log.js";
import { Toast } from "./view/toast.js";
import { followVisibleHeight } from "./viewport.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Holder} Holder */
/** @typedef {import("./types.js").Connection} Connection */
/** @typedef {import("./types.js").Sender} Sender */

const HUMAN_REQUEST = { text: "人工", title: "转人工" };
const TYPING_SHOWN_FOR = 12_000;
const RETURN_SHOWN_FOR = 10_000;
/** A reconnection within this time is not worth a word. */
const SHORT_BREAK = 3000;

class HotlineChat extends HTMLElement {
  #store = new BrowserStore();
  #toast = new Toast();
  #banner = new Banner();
  #pageTitle = document.title;
  #unread = 0;
  #reason = "";
  #connected = true;
  #returned = false;
  /** @type {Set<string>} */
  #failed = new Set();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #typingTimer;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #breakTimer;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #returnTimer;

  #conversation = new Conversation(
    new ChatApi(this.getAttribute("api") ?? "/api/v1"),
    this.#store,
    {
      timelineChanged: (added) => this.#draw(added),
      restored: () => this.#log.setQuiet(false),
      holderChanged: (holder, previous) => this.#onHolder(holder, previous),
      phaseChanged: (_phase, reason) => this.#onPhase(reason),
      connectionChanged: (connection) => this.#onConnection(connection),
      typingChanged: (sender, active) => this.#onTyping(sender, active),
    },
  );

  #header = new Header({
    title: this.getAttribute("heading") ?? document.title,
    onHuman: () =>
      this.#send(() => this.#conversation.sendText(HUMAN_REQUEST.text, HUMAN_REQUEST.title)),
    onLargeType: () => this.#setLargeType(!this.#store.largeType()),
    onNew: () => void this.#askForNew(),
  });

  #log = new MessageLog(
    {
      loadAttachment: (attachment, small) => this.#conversation.loadAttachment(attachment, small),
      onOpenPicture: (address, name) => showPicture(this, address, name),
      rate: (seq, helpful, reason) => this.#conversation.rate(seq, helpful, reason),
      rating: (seq) => this.#conversation.rating(seq),
      onButton: ({ payload, title }) => {
        this.#log.focus();
        this.#send(() => this.#conversation.sendText(payload, title));
      },
      onRetry: (id) => this.#conversation.retry(id),
      onDiscard: (id) => this.#conversation.discard(id),
      notify: (text) => this.#toast.show(text),
    },
    () => this.#noteSeen(),
  );

  #composer = new Composer({
    onText: (text) => this.#send(() => this.#conversation.sendText(text)),
    onImage: (file) => this.#send(() => this.#conversation.sendImage(file)),
    onLocation: () => this.#openLocation(),
    onTyping: () => this.#conversation.announceTyping(),
    notify: (text) => this.#toast.show(text),
  });

  connectedCallback() {
    if (this.childElementCount && this.querySelector(".hc-header")) return;
    this.#log.element.append(this.#toast.element);
    const parts = [this.#banner.element, this.#log.element, this.#composer.element];
    this.replaceChildren(this.#header.element, el("main", { class: "hc-main" }, ...parts));
    this.#setLargeType(this.#store.largeType());
    followVisibleHeight(this);
    this.#watchPage();
    this.#log.setQuiet(true);
    void this.#conversation.open();
    this.#focusField();
  }

  #watchPage() {
    window.addEventListener("online", () => {
      this.#conversation.wake();
      this.#refreshState();
    });
    window.addEventListener("offline", () => this.#refreshState());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      this.#conversation.wake();
      this.#noteSeen();
    });
  }

  /** @param {() => void} send puts one message of the resident's own on its way */
  #send(send) {
    this.#returned = false;
    send();
    this.#log.scrollToEnd(true);
    this.#refreshState();
  }

  /** @param {Entry[]} added */
  #draw(added) {
    const shown = this.#log.update(this.#conversation.timeline.entries, added);
    if (document.hidden || !shown) this.#unread += added.length;
    this.#announceFailures();
    this.#noteSeen();
  }

  /** A refused message is told also to those who do not see it. */
  #announceFailures() {
    for (const { outgoing } of this.#conversation.timeline.entries) {
      if (!outgoing) continue;
      if (outgoing.state !== "failed") this.#failed.delete(outgoing.id);
      else if (!this.#failed.has(outgoing.id)) {
        this.#failed.add(outgoing.id);
        const notice = "有一条消息没有发出，可以在消息下方重试。";
        if (this.#log.atEnd) this.#toast.announce(notice);
        else this.#toast.show(notice);
      }
    }
  }

  #noteSeen() {
    if (!document.hidden && this.#log.atEnd) {
      this.#unread = 0;
      this.#conversation.markRead();
    }
    this.#log.setUnread(this.#unread);
    document.title = this.#unread ? `（${this.#unread}）${this.#pageTitle}` : this.#pageTitle;
  }

  /**
   * @param {Holder} holder
   * @param {Holder} previous
   */
  #onHolder(holder, previous) {
    const wasHuman = previous.holder === "operator" || previous.holder === "queue";
    this.#returned = holder.holder === "bot" && wasHuman && holder.seq !== undefined;
    clearTimeout(this.#returnTimer);
    if (this.#returned) {
      this.#returnTimer = setTimeout(() => {
        this.#returned = false;
        this.#refreshState();
      }, RETURN_SHOWN_FOR);
    }
    this.#refreshState();
  }

  /** @param {string} reason */
  #onPhase(reason) {
    this.#reason = reason;
    this.#refreshState();
  }

  /** @param {Connection} connection */
  #onConnection(connection) {
    clearTimeout(this.#breakTimer);
    if (connection !== "reconnecting") this.#setConnected(true);
    else this.#breakTimer = setTimeout(() => this.#setConnected(false), SHORT_BREAK);
  }

  /** @param {boolean} connected */
  #setConnected(connected) {
    this.#connected = connected;
    this.#refreshState();
  }

  #refreshState() {
    const { phase, holder, timeline } = this.#conversation;
    const state = {
      phase,
      holder,
      reason: this.#reason,
      connected: this.#connected && navigator.onLine,
      returned: this.#returned,
      unsent: timeline.entries.some(({ outgoing }) => outgoing && outgoing.state !== "sent"),
    };
    const actions = {
      onNew: () => this.#startNew(true),
      onRetry: () => void this.#conversation.open(),
    };
    if (!state.connected) this.#log.setTyping(null);
    this.#banner.show(bannerFor(state, actions));
    const { text, tone } = presenceFor(state);
    this.#header.setPresence(text, tone);
    this.#header.setHumanAvailable(phase !== "lost" && holder.holder === "bot");
    this.#header.setNewAvailable(phase !== "starting");
  }

  /**
   * @param {Sender} sender
   * @param {boolean} active
   */
  #onTyping(sender, active) {
    clearTimeout(this.#typingTimer);
    const name = sender === "operator" ? "坐席" : "智能助手";
    this.#log.setTyping(active && sender !== "resident" ? name : null);
    if (active) this.#typingTimer = setTimeout(() => this.#log.setTyping(null), TYPING_SHOWN_FOR);
  }

  /** @param {boolean} on */
  #setLargeType(on) {
    this.#store.saveLargeType(on);
    document.documentElement.classList.toggle("hc-large", on);
    this.#header.setLargeType(on);
    this.#composer.fit();
  }

  async #askForNew() {
    const confirmed = await ask(this, {
      title: "开始新会话",
      text: "本页的对话内容会清空，已提交的工单不受影响。需要工单编号的，请先复制。",
      confirm: "开始新会话",
      cancel: "返回",
    });
    if (confirmed) this.#startNew(false);
  }

  /** @param {boolean} keep what is on the screen, and send on what is not sent yet */
  #startNew(keep) {
    this.#log.end(keep);
    this.#toast.clear();
    this.#unread = 0;
    this.#connected = true;
    void this.#conversation.startNew(keep);
    this.#focusField();
  }

  /** Not on a touch screen, where the keyboard would open over the conversation. */
  #focusField() {
    if (window.matchMedia("(hover: hover)").matches) this.#composer.focus();
  }

  #openLocation() {
    openLocationSheet(this, {
      onLocation: (place) => this.#send(() => this.#conversation.sendLocation(place)),
      onText: (text) => this.#send(() => this.#conversation.sendText(text)),
    });
  }
}

customElements.define("hotline-chat", HotlineChat);
