// The device dialog during the call. Its content is loaded when it is first opened.

import { lazy, useState } from 'react';
import { Lazy } from '../../components/Lazy';
import type { DeviceDialogProps } from './DeviceDialog';

const DeviceDialog = lazy(() => import('./DeviceDialog'));

export function DeviceSettings(props: DeviceDialogProps) {
  const [wasOpen, setWasOpen] = useState(false);
  if (props.isOpen && !wasOpen) setWasOpen(true);
  if (!wasOpen) return null;
  return (
    <Lazy fallback={null}>
      <DeviceDialog {...props} />
    </Lazy>
  );
}
