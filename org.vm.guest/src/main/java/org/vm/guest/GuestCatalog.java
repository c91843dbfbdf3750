package org.vm.guest;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Service: the guests that can be fetched by name. Any thread. */
@ProviderType
public interface GuestCatalog {
    /** Names that {@link #prepare} knows, with what they are. */
    List<Entry> entries();

    record Entry(String name, String description) {}

    /** Whether the guest lies in the cache, so that {@link #prepare} needs no network. */
    boolean isPrepared(String name);

    /**
     * Fetches and builds what is missing of a guest. Everything fetched is verified: a signed release file, and
     * SHA-256 from there on.
     *
     * @throws org.vm.api.VmException saying what failed and what to do: unknown name, no mirror, no network, wrong
     *     signature or hash
     */
    GuestImage prepare(String name, FetchOptions options, Progress progress);
}
