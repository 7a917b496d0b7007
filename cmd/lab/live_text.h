/* Text for a terminal of a known width: columns are counted as the terminal
 * counts them, nothing that would move the cursor gets through, and a locale
 * that is not UTF-8 gets ASCII. */
#ifndef CMD_LAB_LIVE_TEXT_H
#define CMD_LAB_LIVE_TEXT_H

#include "aws/common/buf.h"

/** Adds what fits of text into `columns`, the end cut off with "…" or "~";
 * returns the columns it took. utf8 false: one '?' for each character that is
 * not ASCII. */
size_t live_text_add(struct str text, size_t columns, bool utf8, struct buf *out);

/** The same, then spaces up to `columns`. */
void live_text_pad(struct str text, size_t columns, bool utf8, struct buf *out);

#endif
