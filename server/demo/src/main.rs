//! `tocsin-demo-shop`: a small shop that takes orders over HTTP, writes a log file, shows metrics,
//! and has faults that can be switched on. `tocsin demo` runs it; it knows nothing of Tocsin.
//!
//! Faults have real consequences: a payment provider that does not answer holds up the workers, so
//! orders queue, time out and fail, in that order. `GET /faults` says which fault was on when, so that
//! what an observer concludes can be compared with the truth.

mod clock;
mod customers;
mod faults;
mod http;
mod journal;
mod leak;
mod orders;
mod past;
mod payment;
mod random;
mod readings;
mod room;
mod settings;
mod shop;
mod stock;
mod volume;
mod words;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use room::Room;
use settings::Settings;
use shop::Shop;

/// A small shop whose faults can be switched on.
#[derive(Debug, Parser)]
#[command(name = "tocsin-demo-shop", version)]
struct Arguments {
    /// Where it listens; port 0 takes a free one. The address is printed as JSON once it does.
    #[arg(long, default_value = "127.0.0.1:8600")]
    listen: SocketAddr,
    /// Folder for its log file `shop.log`, its settings `shop.conf` and its volume `volume/`.
    #[arg(long, default_value = "./shop-data")]
    data_dir: PathBuf,
    /// Write a past of so many hours, if the folder has none: lines to `shop.log`, points in line
    /// protocol to `past.lp`. The disk has been filling for the last part of it.
    #[arg(long, default_value_t = 0)]
    past_hours: u32,
    /// Tags of the points of the past, such as `job=shop,instance=shop`.
    #[arg(long, default_value = "job=shop,instance=shop")]
    past_tags: String,
    /// Have no customers and no metrics until `POST /open`.
    #[arg(long)]
    closed: bool,
    /// End when standard input ends: so it never outlives the process that started it.
    #[arg(long)]
    until_stdin_ends: bool,
    /// Have the volume in memory: a tmpfs at `volume/` if this user may mount one, else a folder of
    /// /dev/shm. It goes when the shop goes, however that is.
    #[arg(long)]
    tmpfs: bool,
    /// A state of Terraform whose output `payment_provider` says through whom payments go.
    #[arg(long, value_name = "FILE")]
    terraform_state: Option<PathBuf>,
    /// Be the keeper of a volume of so many bytes, not a shop.
    #[arg(long, hide = true, value_name = "BYTES")]
    keep_room: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(bytes) = arguments.keep_room {
        return room::keep(bytes);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("shop")
        .build()
        .context("cannot start the threads of the shop")?;
    let outcome = runtime.block_on(run(arguments));
    // Orders that still wait for the provider are nobody's any more.
    runtime.shutdown_background();
    outcome
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let folder = &arguments.data_dir;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let stop = CancellationToken::new();
    let room = match arguments.tmpfs {
        true => Room::passing(&folder.canonicalize()?, volume::QUOTA_BYTES)?,
        false => Room::lasting(folder),
    };
    let settings = Settings::open(folder, arguments.terraform_state);
    let settings = settings.context("cannot write `shop.conf`")?;
    let shop = Shop::open(folder, room.place.clone(), settings, stop.clone())?;
    if arguments.past_hours > 0 {
        past::write(&shop, folder, (arguments.past_hours, &arguments.past_tags))
            .context("cannot write the past")?;
    }
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    if !arguments.closed {
        shop.open_doors();
    }
    if arguments.until_stdin_ends {
        end_with_stdin(stop.clone());
    }
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{}",
        serde_json::json!({
            "http": address.to_string(),
            "volume": shop.volume.path(),
            "volume_in": room.place.kind,
        })
    )?;
    out.flush()?;
    let serve = axum::serve(listener, http::router(shop.clone()));
    let serve = serve.with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = serve => served.context("the HTTP server ended")?,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for Ctrl-C")?,
        () = stop.cancelled() => {}
    }
    stop.cancel();
    Ok(())
}

/// Reads standard input to its end, which comes when whoever started this is gone, however it went.
fn end_with_stdin(stop: CancellationToken) {
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut bytes = [0; 64];
        while matches!(input.read(&mut bytes), Ok(count) if count > 0) {}
        stop.cancel();
    });
}
