// View of a call of several people, for every door: tiles, the speaker, the chat and the buttons.

/** Key of this user's tile, which no other user's name equals. */
export const SELF = Symbol('self');

const CALL = `
  <div class="column">
    <div id="tiles" class="tiles"></div>
    <div class="buttons controls"><button id="leave" class="danger" type="button">Leave</button></div>
  </div>
  <section class="card chat" aria-labelledby="chat-title">
    <h2 id="chat-title">Messages</h2>
    <div id="messages" class="messages" role="log" aria-labelledby="chat-title" tabindex="0"></div>
    <form id="write" class="fields">
      <label class="field">
        Your message
        <input id="message" name="message" required maxlength="2000" autocomplete="off" />
      </label>
      <button type="submit">Send</button>
    </form>
  </section>`;

const $ = (id) => document.getElementById(id);

/**
 * Adds the elements of a call to the page.
 *
 * @param {Record<string, string>} switches buttons that turn a feature off and on: ids and labels
 */
export function furnish(switches) {
  $('call').innerHTML = CALL;
  for (const [id, label] of Object.entries(switches)) {
    const button = make('button', { id, className: 'quiet', type: 'button', textContent: label });
    button.setAttribute('aria-pressed', 'false');
    $('leave').before(button);
  }
}

/** Camera and microphone, as far as they exist. */
export async function openMedia(video = true) {
  for (const kinds of [{ video, audio: true }, { audio: true }, { video }]) {
    const opened = await navigator.mediaDevices?.getUserMedia(kinds).catch(() => null);
    if (opened) return opened;
  }
  return null;
}

export function stop(media) {
  for (const track of media?.getTracks() ?? []) track.stop();
}

/** Turns this user's audio or video on or off. Returns true if there is such a track. */
export function turn(media, kind, isOn) {
  const tracks = media?.getTracks().filter((track) => track.kind === kind) ?? [];
  for (const track of tracks) track.enabled = isOn;
  return tracks.length > 0;
}

/** The tiles, all of the same size. */
export class Tiles {
  /** Called when the number of participants changes. */
  onChange = () => {};
  /** @type {Map<string | symbol, HTMLElement>} */
  #figures = new Map();

  get size() {
    return this.#figures.size;
  }

  has(key) {
    return this.#figures.has(key);
  }

  /** Returns the tile of a participant, and adds it if there is none. */
  meet(key, name) {
    let figure = this.#figures.get(key);
    if (!figure) {
      figure = make('figure');
      figure.toggleAttribute('data-self', key === SELF);
      figure.dataset.initial = [...name][0].toUpperCase();
      const video = make('video', { autoplay: true, playsInline: true, muted: key === SELF });
      video.setAttribute('aria-label', name);
      const caption = make('figcaption');
      caption.append(
        make('bdi', { textContent: name, title: name }),
        make('span', { className: 'state' }),
      );
      figure.append(video, caption);
      this.#figures.set(key, figure);
      $('tiles').append(figure);
      this.#arrange();
    }
    return figure;
  }

  /** Sets a participant's media; `null` when it ends. */
  showStream(key, name, stream) {
    const video = this.meet(key, name).querySelector('video');
    if (video.srcObject !== stream) video.srcObject = stream;
  }

  /** Sets whether a participant sends audio and video. */
  showFeatures(key, { audio, video }) {
    const figure = this.#figures.get(key);
    const missing = [!audio && 'muted', !video && 'no picture'].filter(Boolean);
    figure.querySelector('.state').textContent = missing.join(', ');
    figure.toggleAttribute('data-hidden', !video);
  }

  /** Marks the speaker; an unknown key marks none. */
  showSpeaker(key) {
    for (const [each, figure] of this.#figures) figure.toggleAttribute('data-speaks', each === key);
  }

  remove(key) {
    this.#figures.get(key)?.remove();
    if (this.#figures.delete(key)) this.#arrange();
  }

  clear() {
    this.#figures.clear();
    $('tiles').replaceChildren();
  }

  /** Number of others, in words. */
  company() {
    const others = this.size - 1;
    return (
      ['No one else is here yet.', 'One other is here.'][others] ?? `${others} others are here.`
    );
  }

  /** As many columns as rows, or one more. */
  #arrange() {
    const count = this.size;
    const columns = Math.ceil(Math.sqrt(count));
    const shape = { columns, rows: Math.ceil(count / columns), count };
    for (const [name, value] of Object.entries(shape))
      $('tiles').style.setProperty(`--${name}`, value);
    this.onChange();
  }
}

/** Shows a chat message. */
export function addMessage(from, content) {
  const item = make('p');
  const text = make('span', { textContent: content, dir: 'auto' });
  item.append(make('bdi', { textContent: from }), text);
  $('messages').append(item);
  $('messages').scrollTop = $('messages').scrollHeight;
}

export function clearMessages() {
  $('messages').replaceChildren();
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
