"""What is worth keeping of what a robot sees.

A Sampler looks at one camera's stream and answers, for each Look, a Verdict: whether it is kept, and why in words::

    sampler = Sampler(config, novelty=create_novelty(config, folder))
    for record in dataset.records:                          # what is there already; pictures of the latest ones only
        sampler.count(names_of(record))
        sampler.remember(image)
    for verdict in sampler.consider(look, now_ns, room):    # also an earlier look, when it turns out to matter
        if verdict.keep:
            write(verdict.look, reasons=verdict.words)
    for verdict in sampler.trigger("asked for", now_ns, room):   # the newest look and the seconds before it
        ...

What wants a look (`policies`), what refuses one (`quality`, `likeness`, `budgets`) are functions of what they are
given: time comes from the stamps of the looks, and for the budgets from the caller's clock. Not safe for several
threads at once.
"""
