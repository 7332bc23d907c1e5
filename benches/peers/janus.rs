//! Debian's Janus with only the `VideoRoom` and the WebSocket transport: this process writes its
//! configuration and then becomes Janus. Other settings have their defaults.

use std::{
    env, fs,
    io::{self, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::Command,
};

use anyhow::Context;

/// Unused plugins and transports.
const OTHER_PLUGINS: [&str; 11] = [
    "audiobridge",
    "duktape",
    "echotest",
    "lua",
    "nosip",
    "recordplay",
    "sip",
    "streaming",
    "textroom",
    "videocall",
    "voicemail",
];
const OTHER_TRANSPORTS: [&str; 5] = ["http", "mqtt", "nanomsg", "pfunix", "rabbitmq"];

/// Replaces this process by Janus: the program in `JANUS`, else the installed one. It listens on a free port
/// and has its media at `MEDIA_LISTEN`.
pub fn become_it() -> anyhow::Result<()> {
    let program = env::var_os("JANUS").unwrap_or_else(|| "janus".into());
    let media = env::var("MEDIA_LISTEN").context("MEDIA_LISTEN is not set")?;
    let folder = env::current_dir()?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    configure(&folder, port, &media)?;
    writeln!(io::stdout(), "open http://127.0.0.1:{port}/")?;
    let error = Command::new(program)
        .arg(format!("--configs-folder={}", folder.display()))
        .arg(format!("--log-file={}", folder.join("server.log").display()))
        .args(["--disable-stdout", "--disable-colors"])
        .exec();
    Err(error).context("Janus cannot be started: scripts/install-test-tools.sh janus, or set JANUS")
}

fn configure(folder: &Path, port: u16, media: &str) -> anyhow::Result<()> {
    let disabled =
        |names: &[&str]| names.iter().map(|name| format!("libjanus_{name}.so")).collect::<Vec<_>>().join(",");
    let core = format!(
        "general: {{ session_timeout = 0 }}\nnat: {{ ice_enforce_list = \"{media}\" }}\n\
         plugins: {{ disable = \"{}\" }}\ntransports: {{ disable = \"{}\" }}\n\
         loggers: {{ disable = \"libjanus_jsonlog.so\" }}\n",
        disabled(&OTHER_PLUGINS),
        disabled(&OTHER_TRANSPORTS),
    );
    fs::write(folder.join("janus.jcfg"), core)?;
    let websockets =
        format!("general: {{ ws = true\nws_port = {port}\nws_ip = \"127.0.0.1\"\nwss = false }}\n");
    fs::write(folder.join("janus.transport.websockets.jcfg"), websockets)?;
    Ok(fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: {}\n")?)
}
