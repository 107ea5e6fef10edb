//! Rows of questions and their messages, and what follows from the messages.

use crate::accounts::{PersonId, TeamId};
use crate::agents::AgentId;
use crate::agents::pinned::PinnedId;
use crate::db::Instant;
use crate::interactions::InteractionId;
use crate::schema::{question_mentions, question_messages, questions};
use diesel::prelude::*;

crate::id_type!(
    /// The id of a question.
    QuestionId
);
crate::id_type!(
    /// The id of a message in a question's thread.
    MessageId
);

crate::text_enum!(
    /// Where a question stands.
    State {
        /// It waits for a champion.
        Open = "open",
        Answered = "answered",
        /// The asker needs no more.
        Settled = "settled",
    }
);
crate::text_enum!(
    /// What a message is.
    MessageKind {
        /// The question itself.
        Asked = "asked",
        /// By the asker, who wants to know more.
        More = "more",
        /// By whoever looks after the team.
        Answer = "answer",
        /// By anybody else of the team.
        Comment = "comment",
        /// The asker, or whoever looks after the team, says that nothing is open any more.
        Settled = "settled",
    }
);

/// The most characters a message may have.
pub const MAX_TEXT: usize = 5_000;
/// How many messages one thread may have.
pub const MOST_MESSAGES: i64 = 500;

/// What somebody asked.
#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = questions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Question {
    pub id: QuestionId,
    /// The team whose champions are asked.
    pub team_id: TeamId,
    pub agent_id: Option<AgentId>,
    /// The interaction it is about; its agent is `agent_id`.
    pub interaction_id: Option<InteractionId>,
    pub author_id: PersonId,
    /// Only the asker, those who look after the team, and those who are mentioned read it.
    pub is_private: bool,
    pub state: State,
    /// What lists are sorted by: since when it stands as it does.
    pub order_at: Instant,
    pub asked_at: Instant,
    /// When it got its first answer, and from whom.
    pub answered_at: Option<Instant>,
    pub answered_by: Option<PersonId>,
    /// Minutes of the team's working time until then.
    pub answer_minutes: Option<i64>,
    /// What of it is pinned to the agent.
    pub pinned_id: Option<PinnedId>,
}

/// Something that was written. Append-only.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = question_messages)]
pub struct Message {
    pub id: MessageId,
    pub question_id: QuestionId,
    pub kind: MessageKind,
    pub person_id: PersonId,
    /// Empty where somebody only said that nothing is open any more.
    pub body: String,
    /// Made of the form's nonce and of what it brought: the same again is the same message.
    pub nonce: String,
    pub created_at: Instant,
}

/// That somebody was named in a message.
#[derive(Debug, Clone, Copy, Queryable, Insertable)]
#[diesel(table_name = question_mentions)]
pub struct Mention {
    pub message_id: MessageId,
    pub person_id: PersonId,
}

/// What the messages of a question say, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub since: Instant,
    /// The first answer: when, and by whom.
    pub first_answer: Option<(Instant, PersonId)>,
}

impl Standing {
    /// Of a question that was just asked.
    pub fn asked(at: Instant) -> Self {
        Self { state: State::Open, since: at, first_answer: None }
    }

    /// What one more message makes of it.
    pub fn then(self, kind: MessageKind, by: PersonId, at: Instant) -> Self {
        let state = match (kind, self.state) {
            (MessageKind::Asked | MessageKind::More, _) => State::Open,
            (MessageKind::Answer, State::Open) => State::Answered,
            (MessageKind::Settled, _) => State::Settled,
            (MessageKind::Answer | MessageKind::Comment, as_before) => as_before,
        };
        // Whoever waits already waits on from where they were.
        let since = match (state == self.state, kind) {
            (true, MessageKind::Asked | MessageKind::More | MessageKind::Comment) => self.since,
            (false, _) | (true, MessageKind::Answer | MessageKind::Settled) => at,
        };
        let answer = (kind == MessageKind::Answer).then_some((at, by));
        Self { state, since, first_answer: self.first_answer.or(answer) }
    }

    /// Writes into the row what follows; `minutes` is the working time until the first answer.
    pub fn project(&self, row: &mut Question, minutes: impl FnOnce(Instant) -> i64) {
        (row.state, row.order_at) = (self.state, self.since);
        if row.answered_at.is_none()
            && let Some((at, by)) = self.first_answer
        {
            row.answered_at = Some(at);
            row.answered_by = Some(by);
            row.answer_minutes = Some(minutes(at));
        }
    }
}

impl Question {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        let first_answer = self.answered_at.zip(self.answered_by);
        Standing { state: self.state, since: self.order_at, first_answer }
    }
}

/// The middle of some numbers; none where there are none.
pub fn median(numbers: &[i64]) -> Option<i64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = sorted.get(sorted.len() / 2 - 1).copied().unwrap_or(upper);
    Some(lower + (upper - lower) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::from_micros(1_790_000_000_000_000 + minute * 60_000_000)
    }

    fn after(kinds: &[MessageKind]) -> Standing {
        let person = PersonId::new();
        (1..).zip(kinds).fold(Standing::asked(at(0)), |standing, (minute, kind)| {
            standing.then(*kind, person, at(minute))
        })
    }

    #[test]
    fn a_question_waits_until_a_champion_answers_and_again_when_the_asker_goes_on() {
        use MessageKind::{Answer, Comment, More, Settled};
        assert_eq!(after(&[]).state, State::Open);
        let commented = after(&[Comment, More]);
        assert_eq!((commented.state, commented.since), (State::Open, at(0)), "it waits on");
        let answered = after(&[Comment, Answer, Answer]);
        assert_eq!((answered.state, answered.since), (State::Answered, at(3)));
        assert_eq!(answered.first_answer.map(|(when, _)| when), Some(at(2)));
        let again = after(&[Answer, More, Comment]);
        assert_eq!((again.state, again.since), (State::Open, at(2)));
        assert_eq!(after(&[Answer, Settled, Comment]).state, State::Settled);
        assert_eq!(after(&[Answer, Settled, More]).state, State::Open);
        assert_eq!(after(&[Settled]).first_answer, None);
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[9, 1, 5]), Some(5));
        assert_eq!(median(&[9, 1, 5, 6]), Some(5));
    }

    proptest::proptest! {
        /// Whatever is written, it stands as it does since a message was written, never later, and
        /// the first answer stays the first.
        #[test]
        fn a_thread_moves_forward(kinds in proptest::collection::vec(0usize..5, 0..20)) {
            let kinds: Vec<MessageKind> = kinds.into_iter().map(|n| MessageKind::ALL[n]).collect();
            let mut before = after(&[]);
            for end in 0..=kinds.len() {
                let now = after(&kinds[..end]);
                let minutes = i64::try_from(end).unwrap_or(0);
                proptest::prop_assert!(now.since >= before.since && now.since <= at(minutes));
                if let Some((first, _)) = before.first_answer {
                    proptest::prop_assert_eq!(now.first_answer.map(|(when, _)| when), Some(first));
                }
                before = now;
            }
        }
    }
}
