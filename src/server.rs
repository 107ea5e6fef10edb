//! The HTTP server: middleware in order, one `configure` a slice, and an orderly end.

use crate::accounts::{self, Door, KeyCache};
use crate::capture::{self, Queues};
use crate::config::{self, Config};
use crate::datasets::Shelf;
use crate::db::{self, Db, Holder, Target, installation};
use crate::jobs::{Jobs, Tools};
use crate::journeys;
use crate::mail::{Mailer, Nudge};
use crate::outgoing::Outgoing;
use crate::telemetry::RequestSpan;
use crate::web::budgets::Budgets;
use crate::web::limits::{Limit, Limits};
use crate::web::operating::{self, Metrics};
use crate::web::token;
use crate::web::{self, Site};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{Data, FormConfig, JsonConfig, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpServer, dev};
use anyhow::Context;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use tracing_actix_web::TracingLogger;

/// The most bytes a request may have.
pub const MAX_REQUEST: usize = 10 * 1024 * 1024;

/// A server that is bound and not yet running.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    threads: usize,
    mailer: Mailer,
    outgoing: Outgoing,
    store: config::Store,
    parts: Parts,
}

/// What all handlers share.
#[derive(Clone)]
struct Parts {
    db: Data<Db>,
    queues: Data<Queues>,
    site: Data<Site>,
    limits: Data<Limits>,
    budgets: Data<Budgets>,
    keys: Data<KeyCache>,
    door: Data<Door>,
    nudge: Data<Nudge>,
    metrics: Data<Metrics>,
    shelf: Data<Shelf>,
}

impl Server {
    /// Binds the address, so that it is known before anything is said about it.
    pub fn bind(config: &Config, demo: bool) -> anyhow::Result<Self> {
        let listen = &config.server.listen;
        let listener =
            TcpListener::bind(listen).with_context(|| format!("can't listen on {listen}"))?;
        let address = listener.local_addr()?;
        let db = Db::open(&config.target()?)?;
        let secret = site_secret(config, &db)?;
        let public_url =
            config.server.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let site = Site::new(config, public_url.clone(), &secret, demo);
        // For workers on other machines, whose mails lead here.
        db.write_now(move |conn| {
            Ok(installation::set(conn, installation::PUBLIC_URL, &public_url)?)
        })?;
        let limits = Limits {
            links: Limit::per_minute(config.limits.link_requests_per_minute),
            sign_ins: Limit::per_minute(config.limits.sign_ins_per_minute),
        };
        let threads = config.server.threads.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
        });
        let queues = Data::new(Queues::start(&db)?);
        let parts = Parts {
            db: Data::new(db),
            queues,
            site: Data::new(site),
            limits: Data::new(limits),
            budgets: Data::new(Budgets::new(&config.limits)),
            keys: Data::new(KeyCache::default()),
            door: Data::new(Door::new(config)?),
            nudge: Data::new(Nudge::default()),
            metrics: Data::new(Metrics::install()?),
            shelf: Data::new(Shelf::in_data(&config.data_dir)),
        };
        let mailer = Mailer::from_config(config)?;
        let outgoing = Outgoing::new(&config.outgoing.allow)?;
        let store = config.store.clone();
        Ok(Self { listener, address, threads, mailer, outgoing, store, parts })
    }

    /// The address really bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What handlers know of the installation.
    pub fn site(&self) -> &Site {
        &self.parts.site
    }

    /// The link that makes the first admin, while nobody can sign in.
    pub fn first_admin_link(&self) -> anyhow::Result<Option<String>> {
        let is_anybody_here =
            self.parts.db.read_now(|conn| Ok(accounts::queries::is_anybody_here(conn)?))?;
        Ok((!is_anybody_here).then(|| accounts::first::link(self.site())))
    }

    /// Serves until the process is told to stop, then finishes what was accepted.
    pub fn run(self) -> anyhow::Result<()> {
        self.run_until(None::<std::future::Pending<bool>>)
    }

    /// As `run`; with `stop` it is that which ends it and no signal: true finishes what was
    /// accepted, false drops open connections.
    pub fn run_until(self, stop: Option<impl Future<Output = bool>>) -> anyhow::Result<()> {
        let parts = self.parts.clone();
        let (db, queues) = (parts.db.clone(), parts.queues.clone());
        let tools = Tools {
            db: parts.db.as_ref().clone(),
            mailer: self.mailer,
            site: parts.site.as_ref().clone(),
            nudge: parts.nudge.as_ref().clone(),
            outgoing: self.outgoing,
            shelf: parts.shelf.as_ref().clone(),
            store: self.store,
            limits: Some(parts.limits.as_ref().clone()),
            budgets: Some(parts.budgets.as_ref().clone()),
            keys: Some(parts.keys.clone()),
            metrics: Some(parts.metrics.as_ref().clone()),
            seen: Some(parts.door.seen.clone()),
        };
        actix_web::rt::System::new().block_on(async move {
            let jobs = Jobs::start(tools);
            let (demo, is_secure) = (parts.site.demo, parts.site.secure_cookies);
            let mut server = HttpServer::new(move || {
                let parts = parts.clone();
                App::new()
                    .app_data(parts.db)
                    .app_data(parts.queues)
                    .app_data(parts.site)
                    .app_data(parts.limits)
                    .app_data(parts.budgets)
                    .app_data(parts.keys)
                    .app_data(parts.door)
                    .app_data(parts.nudge)
                    .app_data(parts.metrics)
                    .app_data(parts.shelf)
                    .app_data(PayloadConfig::new(MAX_REQUEST))
                    .app_data(FormConfig::default().limit(web::form::MAX_FORM))
                    .app_data(JsonConfig::default().limit(MAX_REQUEST))
                    .wrap(from_fn(web::origin::remember))
                    .wrap(from_fn(web::same_origin::check))
                    .wrap(from_fn(web::kept_form::keep))
                    .wrap(from_fn(web::errors::render))
                    .wrap(from_fn(web::in_a_zone))
                    .wrap(from_fn(web::head::as_get))
                    .wrap(web::security_headers::headers(is_secure))
                    .wrap(Compress::default())
                    .wrap(TracingLogger::<RequestSpan>::new())
                    .wrap(from_fn(operating::measure))
                    .configure(routes)
                    .configure(|cfg| {
                        if demo {
                            crate::demo::routes(cfg)
                        }
                    })
            })
            .workers(self.threads)
            .tcp_nodelay(true)
            .shutdown_timeout(30)
            .listen(self.listener)?;
            if stop.is_some() {
                server = server.disable_signals();
            }
            let result = serve(server.run(), stop).await;
            jobs.stop().await;
            result
        })?;
        queues.close();
        db.close();
        Ok(())
    }
}

/// What signs links: as the settings say, or made once and kept.
pub fn site_secret(config: &Config, db: &Db) -> anyhow::Result<String> {
    match &config.server.secret {
        Some(secret) => Ok(secret.0.clone()),
        None => Ok(db.write_now(|conn| {
            Ok(installation::ensure(conn, installation::SECRET, token::random)?)
        })?),
    }
}

async fn serve(
    mut server: dev::Server,
    stop: Option<impl Future<Output = bool>>,
) -> io::Result<()> {
    let Some(stop) = stop else { return server.await };
    let handle = server.handle();
    tokio::select! {
        result = &mut server => result,
        finish = stop => tokio::join!(server, handle.stop(finish)).0,
    }
}

/// One line a slice.
fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(web::assets::routes)
        .configure(operating::routes)
        .configure(accounts::routes)
        .configure(crate::agents::routes)
        .configure(capture::routes)
        .configure(crate::sampling::routes)
        .configure(crate::exports::api::routes)
        .configure(crate::news::routes)
        .configure(crate::triage::routes)
        .configure(crate::agreement::routes)
        .configure(crate::questions::routes)
        .configure(crate::admin::routes)
        .configure(crate::webhooks::routes)
        .configure(crate::datasets::routes)
        .configure(crate::openapi::routes)
        .configure(journeys::routes);
}

/// Keeps a second server, a restore and a copy off an embedded database, for as long as the file
/// is held.
pub fn lock(target: &Target) -> anyhow::Result<Option<File>> {
    db::lock(target, Holder::Server)
}
