// Detects the browser and its platform, only to choose texts: behaviour follows feature detection.

export type Browser = 'chrome' | 'firefox' | 'safari' | 'other';
export type Platform = 'windows' | 'mac' | 'ios' | 'android' | 'other';

export interface BrowserInfo {
  /** `chrome` stands for its whole family: Edge, Opera, Samsung Internet and others. */
  browser: Browser;
  platform: Platform;
}

/** @param touchPoints of the screen: iPads claim to be Macs, which have no touch screen */
export function browserInfo(
  userAgent = navigator.userAgent,
  touchPoints = navigator.maxTouchPoints,
): BrowserInfo {
  return { browser: browserOf(userAgent), platform: platformOf(userAgent, touchPoints) };
}

function browserOf(userAgent: string): Browser {
  if (/Firefox|FxiOS/.test(userAgent)) return 'firefox';
  if (/Chrom(e|ium)\/|CriOS|Edg/.test(userAgent)) return 'chrome';
  return /Safari/.test(userAgent) ? 'safari' : 'other';
}

function platformOf(userAgent: string, touchPoints: number): Platform {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios';
  if (/Macintosh/.test(userAgent)) return touchPoints > 1 ? 'ios' : 'mac';
  if (/Android/.test(userAgent)) return 'android';
  return /Windows/.test(userAgent) ? 'windows' : 'other';
}
