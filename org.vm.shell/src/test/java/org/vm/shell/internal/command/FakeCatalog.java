package org.vm.shell.internal.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestCatalog;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;

/** One guest, which is there. */
public final class FakeCatalog implements GuestCatalog {
    @Override
    public List<Entry> entries() {
        return List.of(new Entry("linux", "a Linux"));
    }

    @Override
    public boolean isPrepared(String name) {
        return true;
    }

    @Override
    public GuestImage prepare(String name, FetchOptions options, Progress progress) {
        return new GuestImage(name, "a Linux", Optional.empty(), Optional.of(Path.of("/guests/Image")), Optional.empty(),
                "console=ttyS0");
    }
}
