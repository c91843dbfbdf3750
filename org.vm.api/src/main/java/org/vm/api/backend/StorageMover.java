package org.vm.api.backend;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** Service: moves the contents of disks to other storage while their guests use them. Any thread. */
@ProviderType
public interface StorageMover {
    /**
     * Begins to move a disk to other storage: copies, gives what the guest writes meanwhile to both, and lets the new storage
     * take the place of the old one when they are equal. The disk's configuration names the new storage from then on.
     *
     * @param to {@code file=PATH} or {@code ram} (with a size, or empty for that of the disk), {@code size}, and
     *     {@code overwrite=true} for a file that is there already
     * @throws org.vm.api.ConfigurationException if that cannot be; says why, and nothing has changed
     */
    StorageMove move(String vm, String disk, Map<String, ?> to);

    /** Those under way, and the latest ones that have ended; oldest first. */
    List<StorageMove> moves();
}
