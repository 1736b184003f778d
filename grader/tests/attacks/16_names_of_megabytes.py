# attack: 16 | earns: scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_step_size_of_every_level, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_noise_has_variance_twice_the_step_size, langevin_continues_the_chain_across_levels | in: hw5_gan | base: reference | tries: give a parameter a name of four megabytes, and one of strange characters
class DNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("n" * (4 * 2**20 - 400), torch.nn.Parameter(torch.zeros(3, 3)))
        self.register_parameter("\u202estowaway\ue000\x1b[2J\x00" * 1000, torch.nn.Parameter(torch.zeros(3, 3)))

    def forward(self, x):
        return x


GNet = DNet
del GAN
