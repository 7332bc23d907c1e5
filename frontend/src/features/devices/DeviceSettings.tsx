// The device dialog during the call. Its content is loaded when it is first opened.

import { lazy, type ReactNode, useState } from 'react';
import { Lazy } from '../../components/Lazy';
import type { LocalMedia } from '../../rtc/media/localMedia';

const DeviceDialog = lazy(() => import('./DeviceDialog'));

export interface DeviceSettingsProps {
  media: LocalMedia;
  isOpen: boolean;
  onClose: () => void;
  /** Further content, below the devices. */
  children?: ReactNode;
}

export function DeviceSettings(props: DeviceSettingsProps) {
  const [wasOpen, setWasOpen] = useState(false);
  if (props.isOpen && !wasOpen) setWasOpen(true);
  if (!wasOpen) return null;
  return (
    <Lazy fallback={null}>
      <DeviceDialog {...props} />
    </Lazy>
  );
}
