package org.vm.machine.internal.replace;

import java.util.Collection;
import java.util.Set;
import org.osgi.framework.Bundle;
import org.vm.api.replace.DeviceKeeper;

/** How a bundle's new version comes in place of its old one. Of one thread at a time. */
interface Way {
    /** What can be done while guests go on. @throws RuntimeException if the new version will not do; nothing has changed for them */
    void prepare(Collection<DeviceKeeper> keepers);

    /** The bundles whose devices leave. */
    Set<Long> leaving();

    /** Brings the new version's devices to the places that are kept. */
    void exchange(Holds holds, Stopwatch watch);

    /** Does what is left to do when guests go on with the new version. */
    void clear();

    /** The devices that were to leave have gone on. */
    void callOff();

    /** Brings the old version's devices to the places that are kept, whatever there is of the new one. */
    void back();

    /** The new version is trusted. @return whether there is another exchange to make, as this one from {@link #prepare} on */
    boolean settle();

    /** That other exchange cannot be prepared: all stays as it is. @return what is worth knowing */
    String stay();

    /** Whose components are waited for. */
    Bundle[] coming();

    /** It is over. */
    void close();
}
