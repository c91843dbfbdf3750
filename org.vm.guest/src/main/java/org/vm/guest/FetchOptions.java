package org.vm.guest;

import java.util.Optional;

/**
 * What a person may say about one fetch; what is empty comes from the environment or the catalog's configuration.
 *
 * @param mirror  base address of a package mirror (the folder that holds {@code dists/} and {@code pool/})
 * @param refresh look for newer packages even if the guest is there
 */
public record FetchOptions(Optional<String> mirror, boolean refresh) {
    public static final FetchOptions DEFAULT = new FetchOptions(Optional.empty(), false);

    public static FetchOptions mirror(String base) {
        return new FetchOptions(Optional.of(base), false);
    }
}
