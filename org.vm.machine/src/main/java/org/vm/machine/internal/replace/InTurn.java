package org.vm.machine.internal.replace;

import java.util.Collection;
import java.util.Set;
import org.osgi.framework.Bundle;
import org.vm.api.replace.DeviceKeeper;

/** The old version stops, with all that are wired to it, and then the new one starts. The old one's jar is kept for a way back. */
final class InTurn implements Way {
    private final String name;
    private final WiredBundles bundles;
    private final BundleJar before;
    private final BundleJar next;
    private final TargetedConfigurations configurations;
    private boolean updated;
    private boolean moved;

    InTurn(Bundle bundle, WiredBundles bundles, BundleJar next, TargetedConfigurations configurations) {
        name = bundle.getSymbolicName();
        this.bundles = bundles;
        this.next = next;
        this.configurations = configurations;
        before = BundleJar.of(bundle);
    }

    @Override
    public void prepare(Collection<DeviceKeeper> keepers) {
        // Nothing can be done as long as the old version is there.
    }

    @Override
    public Set<Long> leaving() {
        return bundles.ids();
    }

    @Override
    public void exchange(Holds holds, Stopwatch watch) {
        bundles.stop();
        watch.step("stop");
        updated = true;
        bundles.update(next);
        moved = true;
        configurations.move(name, before.version(), next.version());
        watch.step("update");
        start(watch);
    }

    private void start(Stopwatch watch) {
        bundles.resolve();
        watch.step("resolve");
        bundles.start();
        watch.step("start");
    }

    @Override
    public void clear() {
        // The old version is gone already.
    }

    @Override
    public void callOff() {
        // Nothing has been done yet.
    }

    @Override
    public void back() {
        bundles.stop();
        if (updated) {
            bundles.update(before);
        }
        if (moved) {
            configurations.move(name, next.version(), before.version());
        }
        start(new Stopwatch());
    }

    @Override
    public boolean settle() {
        return false;
    }

    @Override
    public String stay() {
        return "";
    }

    @Override
    public Bundle[] coming() {
        return bundles.all();
    }

    @Override
    public void close() {
        before.close();
        next.close();
    }
}
