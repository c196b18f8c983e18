//! Asks, again and again, whether what must be refused is refused.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::rand;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    probe::{Ask, Judgement, Question, judge},
    sentry::Sentry,
};
use crate::{core::facts::Enforcing, watch::jitter, write::Writer};

/// An API server takes a moment to take up a registration that was just written: what it admits is asked again after
/// this before it is believed.
const AGAIN: Duration = Duration::from_secs(3);

/// Asks the questions.
pub struct Prober {
    /// Sends the dry runs.
    pub writer: Arc<Writer>,
    /// What is asked.
    pub questions: Vec<Question>,
    /// How often.
    pub interval: Duration,
    /// Who is told.
    pub sentry: Arc<Sentry>,
}

impl Prober {
    /// Asks until `shutdown`: at once, at each interval, give or take a tenth, so that replicas do not ask in step, and
    /// whenever the registration has changed.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            if shutdown.run_until_cancelled(self.ask_all()).await.is_none() {
                return;
            }
            let pause = self.interval.mul_f64(0.9 + jitter() / 5.0);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.sentry.registration_changed() => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn ask_all(&self) {
        for question in &self.questions {
            let mut judgement = self.ask(question).await;
            if matches!(judgement, Judgement::Stands(Enforcing::Open, _)) {
                sleep(AGAIN).await;
                judgement = self.ask(question).await;
            }
            self.sentry.judged(question.entry, judgement);
        }
    }

    async fn ask(&self, question: &Question) -> Judgement {
        let Some(nonce) = nonce() else {
            let why = "the system gives no random numbers".to_owned();
            return Judgement::Stands(Enforcing::NotKnown, Some(why));
        };
        let mark = Ask::mark(nonce);
        let answer = self.writer.dry_run(&question.target, question.ask.dry_run(&mark, nonce)).await;
        judge(question, nonce, &answer)
    }
}

/// Never 0, which is a grace period of its own.
fn nonce() -> Option<u32> {
    let mut bytes = [0; 4];
    rand::fill(&mut bytes).ok()?;
    Some(u32::from_be_bytes(bytes).max(1))
}
