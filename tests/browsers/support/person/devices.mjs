// Camera, microphone and speaker.

import { View } from './view.mjs';

export class DevicesView extends View {
  /** Text of the notice about missing devices. */
  async notice() {
    return this.at('media-notice').innerText();
  }

  /** Grants the device permissions in the browser, without touching the page. */
  async allow() {
    await this.page.context().grantPermissions(['camera', 'microphone']);
  }

  /** Waits for help with exactly these problems, before joining. */
  async expectHelp(problems) {
    await this.until(
      `help with ${problems}`,
      (wanted) =>
        JSON.stringify(
          [...document.querySelectorAll('[data-testid=device-help]')].map(({ dataset }) => dataset.problem),
        ) === wanted,
      JSON.stringify(problems),
    );
  }

  /** Waits until there is no notice about missing devices. */
  async expectNoNotice() {
    await this.at('media-notice').waitFor({ state: 'detached' });
  }

  /** Waits for moving own video. */
  async expectOwnPicture() {
    const frames = () => document.querySelector('[data-testid=local-video]').getVideoPlaybackQuality().totalVideoFrames;
    const before = await this.page.evaluate(frames);
    await this.until(
      'the own picture to move',
      (seen) =>
        document.querySelector('[data-testid=local-video]').getVideoPlaybackQuality().totalVideoFrames > seen + 2,
      before,
    );
  }

  /** Waits for a microphone level. */
  async expectLevel() {
    await this.until(
      'the level to move',
      () => Number(document.querySelector('[data-testid=mic-level]')?.getAttribute('aria-valuenow')) > 20,
    );
  }

  async muteBeforeJoining() {
    await this.at('prejoin-mute-button').click();
  }

  async turnCameraOffBeforeJoining() {
    await this.at('prejoin-camera-button').click();
  }

  /** @param {'camera' | 'microphone' | 'speaker'} kind */
  async choose(kind, label) {
    await this.at(`${kind}-select`).selectOption({ label });
    await this.expectChosen(kind, label);
  }

  /** Opens the device dialog during a call. */
  async openDialog() {
    await this.at('more-button').click();
    await this.at('devices-button').click();
    await this.at('camera-select').waitFor();
  }

  /** Waits until a picker shows a device. */
  async expectChosen(kind, label) {
    await this.until(
      `the ${kind} to be ${label}`,
      ([of, wanted]) => document.querySelector(`[data-testid=${of}-select]`)?.selectedOptions[0]?.label === wanted,
      [kind, label],
    );
  }

  /** Waits until exactly these kinds of devices are in use. */
  async expectInUse(kinds) {
    await this.until(
      `${kinds} to be in use`,
      (wanted) =>
        String(
          window.probe.tracks
            .filter(({ readyState }) => readyState === 'live')
            .map(({ kind }) => kind)
            .sort(),
        ) === wanted,
      String(kinds),
    );
  }

  /** The labels of the tracks that are captured, in alphabetical order. */
  async labelsInUse() {
    const labels = await this.page.evaluate(() =>
      window.probe.tracks.filter(({ readyState }) => readyState === 'live').map(({ label }) => label),
    );
    return labels.sort();
  }

  /** How often the browser was asked for devices. */
  requestCount() {
    return this.page.evaluate(() => window.probe.questions());
  }

  /** The devices whose lights are on, in alphabetical order. */
  async kindsInUse() {
    const kinds = await this.page.evaluate(() =>
      window.probe.tracks.filter(({ readyState }) => readyState === 'live').map(({ kind }) => kind),
    );
    return kinds.sort();
  }
}
