//! What Switchboard is measured beside: Node services, and the two relays that this binary is itself when it is
//! started with `--serve=`.

/// Serves until it is killed.
pub fn serve(which: &str) -> anyhow::Result<()> {
    anyhow::bail!("there is no contender {which}")
}
