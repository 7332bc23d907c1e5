// Pickers for camera, microphone and speaker. A choice takes effect at once.

import { Mic, Video, Volume2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { type Option, Select } from '../../components/ui/Select';
import { useTexts } from '../../lib/i18n/useTexts';
import { useStore } from '../../lib/useStore';
import { canChooseSpeaker, type DeviceKind, devicesOf } from '../../rtc/media/devices';
import type { LocalMedia } from '../../rtc/media/localMedia';

const icon = 'size-4 text-muted';

const icons: Record<DeviceKind, ReactNode> = {
  camera: <Video aria-hidden className={icon} />,
  microphone: <Mic aria-hidden className={icon} />,
  speaker: <Volume2 aria-hidden className={icon} />,
};

interface DevicePickerProps {
  media: LocalMedia;
  kind: DeviceKind;
}

/**
 * Picker for the speaker; empty where the browser does not let a page choose, as on most phones.
 */
export function DevicePicker({ media, kind }: DevicePickerProps) {
  const texts = useTexts().devices;
  const { devices, selected, speaker } = useStore(media.snapshot);
  if (kind === 'speaker' && !canChooseSpeaker()) return null;

  const listed = devicesOf(kind, devices);
  const found: Option[] = listed
    .filter(({ id }) => id !== '')
    .map(({ id, label }, index) => ({ value: id, label: label || texts.unnamed(kind, index + 1) }));
  const none: Option = {
    value: '',
    label: listed.length > 0 ? texts.notKnownYet : texts.noneFound,
  };
  const system: Option = { value: '', label: texts.systemSpeaker };
  const isDefaultListed = found.some(({ value }) => value === 'default');
  const options = kind === 'speaker' && !isDefaultListed ? [system, ...found] : found;
  const chosen =
    kind === 'speaker' ? speaker || (isDefaultListed ? 'default' : '') : selected[kind];

  return (
    <Select
      label={texts[kind]}
      icon={icons[kind]}
      options={options.length > 0 ? options : [none]}
      value={chosen ?? ''}
      disabled={found.length === 0}
      onPick={(id) => void media.select(kind, id)}
      data-testid={`${kind}-select`}
    />
  );
}
