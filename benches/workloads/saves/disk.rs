//! The speed of the disk.

use std::{fs::File, io::Write, path::Path};

use tokio::time::Instant;

const TIMES: usize = 100;

/// The median duration of a flush, in milliseconds: 4 KiB appended to a file in `folder` and made durable.
pub fn flush_ms(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("flushed");
    let mut file = File::create(&path)?;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    std::fs::remove_file(path)?;
    took.sort_by(f64::total_cmp);
    Ok(took[TIMES / 2])
}
