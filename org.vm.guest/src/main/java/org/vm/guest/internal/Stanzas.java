package org.vm.guest.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Debian's control file format (deb822(5)): stanzas of {@code Field: value}, with continuation lines. */
final class Stanzas {
    private final BufferedReader in;

    Stanzas(BufferedReader in) {
        this.in = in;
    }

    static List<Map<String, String>> parse(String text) {
        Stanzas stanzas = new Stanzas(new BufferedReader(new StringReader(text)));
        List<Map<String, String>> all = new ArrayList<>();
        try {
            for (Map<String, String> stanza = stanzas.next(); stanza != null; stanza = stanzas.next()) {
                all.add(stanza);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    /** @return the next stanza, field names in lower case, or null at the end */
    Map<String, String> next() throws IOException {
        Map<String, String> stanza = new HashMap<>();
        String field = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.isBlank()) {
                if (!stanza.isEmpty()) {
                    return stanza;
                }
            } else if (line.startsWith("#")) {
                continue;
            } else if (Character.isWhitespace(line.charAt(0))) {
                if (field != null) {
                    stanza.merge(field, line, (a, b) -> a + "\n" + b);
                }
            } else {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    field = line.substring(0, colon).toLowerCase(Locale.ROOT);
                    stanza.put(field, line.substring(colon + 1).strip());
                }
            }
        }
        return stanza.isEmpty() ? null : stanza;
    }
}
