package org.vm.machine.internal.replace;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.hooks.bundle.CollisionHook;
import org.osgi.framework.hooks.service.EventListenerHook;
import org.osgi.framework.hooks.service.FindHook;
import org.osgi.framework.hooks.service.ListenerHook.ListenerInfo;

/**
 * Two versions of a bundle may be there at once, even if they are called the same, and do not see each other's services: what
 * one has of its own the other has, too, and would lose it with the one that leaves.
 */
final class Apart implements CollisionHook, FindHook, EventListenerHook {
    private final Bundle one;
    private final ServiceRegistration<?> registration;
    private volatile Bundle other;

    Apart(BundleContext context, Bundle one) {
        this.one = one;
        registration = context.registerService(new String[] {CollisionHook.class.getName(), FindHook.class.getName(),
            EventListenerHook.class.getName()}, this, null);
    }

    void other(Bundle bundle) {
        other = bundle;
    }

    @Override
    public void filterCollisions(int operation, Bundle target, Collection<Bundle> collisions) {
        collisions.removeIf(bundle -> bundle == one || bundle == other);
    }

    private boolean hidden(Bundle service, Bundle seeker) {
        Bundle there = other;
        return service == one && seeker == there || service == there && seeker == one;
    }

    @Override
    public void find(BundleContext seeker, String name, String filter, boolean all, Collection<ServiceReference<?>> references) {
        references.removeIf(reference -> hidden(reference.getBundle(), seeker.getBundle()));
    }

    @Override
    public void event(ServiceEvent event, Map<BundleContext, Collection<ListenerInfo>> listeners) {
        Bundle service = event.getServiceReference().getBundle();
        if (service != null && (service == one || service == other)) {
            List.copyOf(listeners.keySet()).stream().filter(seeker -> hidden(service, seeker.getBundle())).forEach(listeners::remove);
        }
    }

    void end() {
        registration.unregister();
    }
}
