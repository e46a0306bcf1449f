//! Stop: the end of the service as a written sequence.

use tokio::time::{Instant, sleep, timeout_at};

use crate::serve::Server;

impl Server {
    /// Stops in order: `server.drain_wait`, then within `server.shutdown_timeout` in all.
    pub(crate) async fn stop(self) {
        let (wait, deadline) = {
            let server = &self.app.config.server;
            (server.drain_wait.0, server.shutdown_timeout.0)
        };
        tracing::info!(wait_secs = wait.as_secs(), seconds = deadline.as_secs(), "shutting down");
        // 1. Say so: not ready; the worker claims no more and hands its jobs back, and another one can take them at once.
        self.app.draining.cancel();
        // 2. Whoever sends requests here needs a moment to notice; until then they are served as ever.
        sleep(wait).await;
        let until = Instant::now() + deadline;
        // 3. Take no more connections; event streams and looks through the store end, other requests under way go on.
        self.app.stopping.cancel();
        if let Some(main) = &self.main {
            main.handle.graceful_shutdown(Some(deadline));
        }
        // 4. Wait for requests, then for the worker and for what goes on behind answered requests.
        let rest = async {
            if let Some(main) = self.main {
                main.finish().await;
            }
            let _ = self.worker.await;
            self.app.background.close();
            self.app.background.wait().await;
        };
        if timeout_at(until, rest).await.is_err() {
            tracing::warn!("shutdown took too long; unfinished work is redone or removed later");
        }
        // 5. Until now whoever asks was told that this process lives and is not ready.
        if let Some(operations) = self.operations {
            operations.handle.shutdown();
            operations.finish().await;
        }
        // 6. The database last, so that everything before could still write.
        self.upkeep.abort();
        if let Err(error) = self.app.meta.clone().close().await {
            tracing::warn!(error = %csvp_store::Chain(&error), "database did not close");
        }
        tracing::info!("stopped");
    }
}

/// SIGINT (Ctrl-C) or SIGTERM.
pub(crate) async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
