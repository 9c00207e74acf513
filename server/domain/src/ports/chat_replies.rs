//! Answers to people who pressed something in a chat.

/// Sends answers. What was pressed counts whether its answer arrives or not.
pub trait ChatReplies: Send + Sync {
    /// Answers the person who pressed, and nobody else, at the address that came with it. Returns at once; what
    /// cannot be sent, or would go to a server that is not the chat's, is logged and lost.
    fn reply(&self, to: &str, text: &str);
}
