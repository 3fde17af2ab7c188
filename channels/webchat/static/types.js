/**
 * The shapes the modules of the web chat share: the chat API's own messages
 * and events, and what the page adds to them while something is on its way.
 * Nothing here exists at run time.
 */

/** @typedef {{title: string, payload: string}} Button */
/** @typedef {{slug: string, title: string, source?: string, version?: number}} Citation */
/** @typedef {{lat: number, lon: number, label?: string}} Place */

/**
 * @typedef {Object} Attachment
 * @property {string} id
 * @property {string} kind
 * @property {string} [content_type]
 * @property {string} [name]
 * @property {number} [width] pixels
 * @property {number} [height] pixels
 * @property {string} [url] same-origin address, opened with the bearer token
 */

/**
 * A case as a message shows it. The two names are optional: without them the
 * page names the status itself and shows the category's code.
 * @typedef {Object} CaseSummary
 * @property {string} case_number
 * @property {string} status
 * @property {string} [status_name]
 * @property {string} [category_code]
 * @property {string} [category_name]
 * @property {string} [due_at] ISO 8601 with a zone
 */

/**
 * A market, breakfast point, team or office that was found; what is unknown is absent.
 * @typedef {Object} FoundPlace
 * @property {number} id
 * @property {string} name
 * @property {string} [address]
 * @property {string} [distance]
 * @property {string} [hours]
 * @property {boolean} [open_now]
 * @property {string} [phone]
 * @property {string} [map_url]
 * @property {string} [source]
 * @property {string} [checked_on]
 * @property {boolean} [is_sample]
 */

/** @typedef {"resident"|"bot"|"operator"|"system"} Sender */

/**
 * @typedef {Object} Message
 * @property {number} [seq] place in the conversation; absent until the server has it
 * @property {Sender} sender
 * @property {string} [operator_name]
 * @property {string} text
 * @property {Button[]} [buttons]
 * @property {Attachment[]} [attachments]
 * @property {Citation[]} [citations]
 * @property {CaseSummary} [case]
 * @property {FoundPlace[]} [places]
 * @property {Place} [location]
 * @property {string} [client_message_id] on the resident's own messages
 * @property {string} sent_at ISO 8601 with a zone
 */

/**
 * Who answers the resident now.
 * @typedef {Object} Holder
 * @property {number} [seq]
 * @property {"bot"|"queue"|"operator"|"closed"} holder
 * @property {string} [operator_name]
 * @property {number} [queue_position] place in the queue, the first is 1
 * @property {string} [at]
 */

/** @typedef {{type: string, seq?: number} & Record<string, any>} StreamEvent */

/**
 * @typedef {Object} Session
 * @property {string} id the conversation's id
 * @property {string} token the bearer token that opens this conversation only
 * @property {number} last_seq the last event this browser has received
 */

/** @typedef {"waiting"|"sending"|"sent"|"failed"} DeliveryState */

/**
 * One message on its way to the server.
 * @typedef {Object} Outgoing
 * @property {string} id the client_message_id, the same on every attempt
 * @property {"text"|"location"|"image"} kind
 * @property {string} text what is sent as text; empty for the other kinds
 * @property {string} [title] what the resident pressed, shown instead of a button's payload
 * @property {Place} [location]
 * @property {File} [file] only in memory: a picture does not survive a reload
 * @property {string} created_at
 * @property {DeliveryState} state
 * @property {string} [error] why it failed or waits, for the resident
 * @property {number} [progress] 0 to 1 while a picture is uploaded
 */

/**
 * One line of the conversation as the page keeps it: the same object from the
 * moment it is typed until the server's own copy arrives.
 * @typedef {Object} Entry
 * @property {string} id
 * @property {number|null} seq null until the server has placed it
 * @property {Message} message
 * @property {Outgoing|null} outgoing
 */

/** @typedef {"live"|"polling"|"reconnecting"} Connection */
/** @typedef {"starting"|"ready"|"lost"|"failed"} Phase */

/**
 * @typedef {Object} ConversationListener
 * @property {(added: Entry[]) => void} timelineChanged `added` are new lines from others
 * @property {() => void} restored the history is complete
 * @property {(holder: Holder, previous: Holder) => void} holderChanged
 * @property {(phase: Phase, reason: string) => void} phaseChanged
 * @property {(connection: Connection) => void} connectionChanged
 * @property {(sender: Sender, active: boolean) => void} typingChanged
 */

/**
 * Whether an answer helped, and what was wrong with it.
 * @typedef {Object} Rating
 * @property {boolean} helpful
 * @property {string} reason
 */

export {};
