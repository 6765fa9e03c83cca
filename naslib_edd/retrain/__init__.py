"""Training one architecture's network by a published recipe: ``naslib-edd retrain``.

``settings`` and ``recipes`` say how, ``architecture`` which, ``images`` and ``folders`` on what;
``trainer`` does the steps, ``run`` keeps the folder, ``export`` writes what is left at the end.
"""
