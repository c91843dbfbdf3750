package org.vm.guest.internal;

import java.net.URI;
import java.util.Optional;
import org.vm.api.ConfigurationException;

/**
 * Base address of a package mirror, the folder that holds {@code dists/} and {@code pool/}.
 *
 * @param base ends with a slash
 */
record Mirror(URI base) {
    static final String VARIABLE = "VMM_MIRROR";

    /** @param wished what the person or the configuration says, else the host's own mirror is taken */
    static Mirror choose(Optional<String> wished, AptSources host) {
        return wished.filter(text -> !text.isBlank()).or(host::debianMirror).map(Mirror::of)
                .orElseThrow(() -> new ConfigurationException("no package mirror is known: this host's apt sources"
                        + " name no Debian mirror; give one with --mirror URL or the environment variable " + VARIABLE
                        + " (the folder of a Debian mirror that holds dists/ and pool/)"));
    }

    static Mirror of(String text) {
        URI uri;
        try {
            uri = URI.create(text.endsWith("/") ? text : text + "/");
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("package mirror '" + text + "' is not an address: " + e.getMessage(), e);
        }
        if (uri.getScheme() == null || !uri.getScheme().matches("https?") || uri.getHost() == null) {
            throw new ConfigurationException("package mirror '" + text + "' must begin with http:// or https:// and a host");
        }
        return new Mirror(uri);
    }

    URI resolve(String path) {
        // Names in an archive may hold '+', '~' and ':', which are fine in a path; only a leading '/' or '..' is not.
        if (path.startsWith("/") || path.contains("..")) {
            throw new ConfigurationException("package mirror " + base + " names a file outside of it: " + path);
        }
        return URI.create(base + path.replace("%", "%25").replace(" ", "%20").replace("^", "%5E"));
    }
}
